/** The style sheet of the page. Tones of verdicts hold 4.5:1 against their ground in light and in dark. */
export const STYLES = `
:root{color-scheme:light dark;--page:#f6f7f9;--paper:#fff;--ink:#16191d;--faint:#5a636e;--line:#dfe3e8;--band:#bfe3d6;--centre:#0b6e4f;
--reject:#b8430a;--review:#7a5600;--pass:#0b6e4f;--failed:#5b3f8c;--quote:#eef1f4;--tick:#16191d;--s0:#0059a3;--s1:#b8430a;--s2:#0b6e4f;--s3:#8a3f86;--s4:#5a636e}
@media (prefers-color-scheme:dark){:root{--page:#0f1216;--paper:#181c22;--ink:#e9edf1;--faint:#9aa5b1;--line:#2b323b;--band:#1d4f41;--centre:#7fd6b8;
--reject:#ff8a50;--review:#e8b84a;--pass:#5fcda6;--failed:#c3a6ff;--quote:#20262e;--tick:#e9edf1;--s0:#6cb6ff;--s1:#ff8a50;--s2:#5fcda6;--s3:#e3a3df;--s4:#9aa5b1}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 18px;letter-spacing:-.01em}
h2{font-size:1.15rem;margin:34px 0 12px}
h2 small{color:var(--faint);font-weight:400}
p{margin:0}
.faint{color:var(--faint);font-size:.87rem}
.tiles+.tiles{margin-top:12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px}
.tile{background:var(--paper);border:1px solid var(--line);border-top:4px solid var(--tone,var(--faint));border-radius:10px;padding:12px 16px}
.tile b{display:block;font-size:2rem;line-height:1.1;font-variant-numeric:tabular-nums;color:var(--tone,var(--ink))}
.tile span{color:var(--faint);font-size:.9rem}
.tile.reject{--tone:var(--reject)}.tile.review{--tone:var(--review)}.tile.pass{--tone:var(--pass)}.tile.failed{--tone:var(--failed)}
.note{margin:14px 0 0;padding:10px 14px;background:var(--quote);border-radius:8px}
.card{display:grid;grid-template-columns:minmax(0,1.15fr) minmax(0,1fr);gap:20px;background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:16px;margin:0 0 16px;break-inside:avoid}
.card figure{margin:0}
figure svg,figure img{display:block;width:100%;height:auto;border-radius:8px;background:#000}
.card figure svg{max-height:640px}
.head{margin-bottom:2px;overflow-wrap:anywhere}
.badge{display:inline-block;padding:1px 9px;border-radius:6px;font-size:.78rem;font-weight:700;letter-spacing:.04em;color:var(--paper);background:var(--reject)}
.badge.review{background:var(--review)}.badge.pass{background:var(--pass)}
.reason{color:var(--review);margin-bottom:6px}
.violations{list-style:none;margin:8px 0 0;padding:0}
.violations li{padding:10px 0;border-top:1px solid var(--line)}
.because{font-weight:600}
.pictures{display:flex;flex-direction:column;gap:10px;min-width:0}
.pictures.tall{flex-direction:row;align-items:flex-start}.pictures.tall figure{flex:1 1 0;min-width:0}
.pictures:not(.tall) .heat{display:flex;gap:12px;align-items:flex-end}.pictures:not(.tall) .heat img{width:50%}
.heat figcaption{color:var(--faint)}
.detector{padding:8px 0 0;border-top:1px solid var(--line)}
.charts{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1.35fr);gap:20px;align-items:start;background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:16px}
.chart{margin:0}
.chart svg{display:block;width:100%;height:auto;background:none;border-radius:0;max-width:520px}
.chart text{font-size:11px;fill:var(--faint);font-variant-numeric:tabular-nums}
.chart text.axis,.chart text.side{font-size:11.5px;fill:var(--faint)}
.chart text.name{font-size:13px;font-weight:600;fill:var(--ink)}
.chart .grid,.chart .base{stroke:var(--line);fill:none}
.chart .chance{stroke:var(--faint);stroke-dasharray:2 4;fill:none}
.chart .alarm{stroke:var(--ink);stroke-dasharray:4 3}
.chart rect.good{fill:var(--pass)}.chart rect.bad{fill:var(--reject)}
.curve{fill:none;stroke-width:2.4;stroke-linejoin:round}.point{stroke:var(--paper);stroke-width:1.5}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1);stroke-dasharray:8 4}.s2{stroke:var(--s2);stroke-dasharray:2 4}.s3{stroke:var(--s3);stroke-dasharray:10 3 2 3}.s4{stroke:var(--s4);stroke-dasharray:14 5}
.point.s0{fill:var(--s0)}.point.s1{fill:var(--s1)}.point.s2{fill:var(--s2)}.point.s3{fill:var(--s3)}.point.s4{fill:var(--s4)}
.point{stroke-dasharray:none!important;stroke:var(--paper)!important}
.keys{list-style:none;margin:4px 0 0;padding:0;font-size:.87rem}
.keys svg{display:inline-block!important;width:34px!important;height:10px;margin-right:8px;vertical-align:middle}
.legends{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:10px 24px;background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:16px;font-size:.87rem}
.legends .words{grid-column:1/-1}
.words dt{font-size:.85rem;font-weight:600;color:var(--ink)}
.legend{display:block;width:100%;max-width:300px;height:auto}
.legend text{font-size:11px;fill:var(--faint)}.legend .tick{stroke:var(--faint)}
td.wrong{color:var(--reject);font-weight:600}
.place,code{font-family:ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;font-size:.8rem;overflow-wrap:anywhere}
.range{display:block;width:100%;max-width:420px;height:auto;margin:6px 0 2px}
.range .axis{stroke:var(--line);stroke-width:2}
.range rect.band{fill:var(--band)}
.range .normals{stroke:var(--tick);stroke-width:1.2;stroke-opacity:.55;fill:none}
.range .centre{stroke:var(--centre);stroke-width:2}
.range circle{fill:var(--pass);stroke:var(--paper);stroke-width:1.5}.range circle.bad{fill:var(--reject)}
.range text,.bar text{font-size:11px;fill:var(--faint);font-variant-numeric:tabular-nums}
.range text.dot{fill:var(--ink);font-weight:700}
.bar{width:132px;height:12px;display:block}
.bar .track{fill:var(--quote)}.bar .fill{fill:var(--pass)}.bar .fill.bad{fill:var(--reject)}.bar .tick{stroke:var(--faint)}
details{margin-top:8px}
summary{cursor:pointer;color:var(--faint);font-size:.87rem}
.caption{margin-top:8px}
.scroll{overflow-x:auto}
td.place{overflow-wrap:break-word}
table{border-collapse:collapse;width:100%;font-size:.87rem;background:var(--paper)}
th{color:var(--faint);font-weight:500}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
td.n{white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr.bad td{color:var(--reject);font-weight:600}
.thumbs{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px}
.thumbs figure{margin:0}
figcaption{font-size:.78rem;padding-top:4px;overflow-wrap:anywhere}
footer{margin-top:40px;border-top:1px solid var(--line);padding-top:14px}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:6px 24px;margin:0}
dt{color:var(--faint);font-size:.78rem}
dd{margin:0;font-size:.85rem;overflow-wrap:anywhere}
@media (max-width:860px){.card,.charts,.legends{grid-template-columns:minmax(0,1fr)}}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--s0);outline-offset:2px}
@media print{body{background:#fff}.tile,.card{border-color:#bbb}}
`;
