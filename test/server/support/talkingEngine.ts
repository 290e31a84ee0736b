/** An engine process that says where it fell and goes, before it takes anything. */
process.stderr.write('fell at /srv/secret/place\n', () => process.exit(7));
