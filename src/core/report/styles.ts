/** The style sheet of the page. Tones of verdicts hold 4.5:1 against their ground in light and in dark. */
export const STYLES = `
:root{color-scheme:light dark;--page:#f6f7f9;--paper:#fff;--ink:#16191d;--faint:#5a636e;--line:#dfe3e8;--band:#bfe3d6;--centre:#0b6e4f;
--reject:#b8430a;--review:#7a5600;--pass:#0b6e4f;--failed:#5b3f8c;--quote:#eef1f4}
@media (prefers-color-scheme:dark){:root{--page:#0f1216;--paper:#181c22;--ink:#e9edf1;--faint:#9aa5b1;--line:#2b323b;--band:#1d4f41;--centre:#7fd6b8;
--reject:#ff8a50;--review:#e8b84a;--pass:#5fcda6;--failed:#c3a6ff;--quote:#20262e}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 18px;letter-spacing:-.01em}
h2{font-size:1.15rem;margin:34px 0 12px}
h2 small{color:var(--faint);font-weight:400}
p{margin:0}
.faint{color:var(--faint);font-size:.87rem}
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
.place,code{font-family:ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;font-size:.8rem;overflow-wrap:anywhere}
.range{display:block;width:100%;max-width:420px;height:auto;margin:6px 0 2px}
.range .axis{stroke:var(--line);stroke-width:2}
.range rect.band{fill:var(--band)}
.range .centre{stroke:var(--centre);stroke-width:2}
.range circle{fill:var(--pass);stroke:var(--paper);stroke-width:1.5}.range circle.bad{fill:var(--reject)}
.range text,.bar text{font-size:11px;fill:var(--faint);font-variant-numeric:tabular-nums}
.range text.dot{fill:var(--ink);font-weight:700}
.bar{width:132px;height:12px;display:block}
.bar .track{fill:var(--quote)}.bar .fill{fill:var(--pass)}.bar .fill.bad{fill:var(--reject)}.bar .tick{stroke:var(--faint)}
details{margin-top:8px}
summary{cursor:pointer;color:var(--faint);font-size:.87rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.87rem;background:var(--paper)}
th{color:var(--faint);font-weight:500}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr.bad td{color:var(--reject);font-weight:600}
.thumbs{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px}
.thumbs figure{margin:0}
figcaption{font-size:.78rem;padding-top:4px;overflow-wrap:anywhere}
footer{margin-top:40px;border-top:1px solid var(--line);padding-top:14px}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:6px 24px;margin:0}
dt{color:var(--faint);font-size:.78rem}
dd{margin:0;font-size:.85rem;overflow-wrap:anywhere}
@media (max-width:760px){.card{grid-template-columns:1fr}}
@media print{body{background:#fff}.tile,.card{border-color:#bbb}}
`;
