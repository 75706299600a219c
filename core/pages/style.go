// The one style sheet: system fonts, light and dark, narrow screens first.
package pages

const style = `:root{color-scheme:light dark;--bg:#f2f3f2;--card:#fbfbfa;--ink:#1b1f24;--muted:#57606a;--line:#8b949e;--soft:#d8dde3;--accent:#0a5bd3;--on:#fff;--ok:#116329;--warn:#8a5a00;--warnbg:#fff6dd;--bad:#b3261e;--code:#eceff2}
@media (prefers-color-scheme:dark){:root{--bg:#0a0c0f;--card:#14181d;--ink:#e7eaee;--muted:#a3adb8;--line:#6e7781;--soft:#2b323a;--accent:#79b0ff;--on:#0f1216;--ok:#6fd08c;--warn:#f0c26a;--warnbg:#2a2311;--bad:#ff8f86;--code:#20262d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
.card{max-width:34rem;margin:0 auto;padding:1.5rem 1.25rem 2rem;background:var(--card);min-height:100vh}
@media (min-width:40rem){.card{margin:3rem auto;padding:2rem 2.25rem;min-height:0;border:1px solid var(--soft);border-radius:8px}}
.wide{max-width:60rem;margin:0 auto;padding:1.5rem 1.25rem 4rem}
.brand{display:flex;align-items:center;gap:.5rem;margin:0 0 1.25rem;color:var(--muted);font-size:.875rem}
.mark{width:.75rem;height:.75rem;border-radius:50%;border:3px solid var(--accent)}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem;font-weight:650}
h2{font-size:1.05rem;margin:1.75rem 0 .5rem}
p{margin:.5rem 0}
.muted{color:var(--muted)}
.small{font-size:.875rem}
dl{margin:1.25rem 0;border-top:1px solid var(--soft)}
dl>div{padding:.7rem 0;border-bottom:1px solid var(--soft)}
dt{color:var(--muted);font-size:.8125rem}
dd{margin:.1rem 0 0}
code,.mono{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{background:var(--code);border-radius:4px;padding:.1em .3em}
ul.scopes{list-style:none;margin:.25rem 0 0;padding:0}
ul.scopes li{padding:.3rem 0}
.note{margin:1rem 0;padding:.65rem .85rem;border:1px solid var(--soft);border-left:4px solid var(--warn);border-radius:4px;background:var(--warnbg)}
.note strong{color:var(--warn)}
.tag{display:inline-block;border:1px solid currentColor;border-radius:4px;padding:0 .35em;font-size:.75rem;font-weight:600;color:var(--warn);vertical-align:.1em}
.buttons{display:flex;gap:.75rem;margin-top:1.5rem;flex-wrap:wrap}
button{flex:1 1 9rem;min-height:3rem;padding:.6rem 1rem;font:inherit;font-weight:600;border-radius:6px;border:1px solid var(--line);background:transparent;color:var(--ink);cursor:pointer}
button.yes{background:var(--accent);border-color:var(--accent);color:var(--on)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
label{display:block;font-weight:600;margin-top:1.25rem}
input[type=text]{width:100%;min-height:3.25rem;margin-top:.4rem;padding:.5rem .75rem;font:600 1.5rem/1.2 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;letter-spacing:.12em;text-transform:uppercase;color:var(--ink);background:transparent;border:1px solid var(--line);border-radius:6px}
.big{font:600 2rem/1.2 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;letter-spacing:.1em;margin:.5rem 0}
.sign{display:flex;width:2.75rem;height:2.75rem;border-radius:50%;align-items:center;justify-content:center;font-size:1.4rem;font-weight:700;border:2px solid currentColor;margin-bottom:1rem}
.sign.ok{color:var(--ok)}.sign.bad{color:var(--bad)}
a{color:var(--accent)}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--soft)}
th{color:var(--muted);font-size:.8125rem;font-weight:500}
td.method{white-space:nowrap;color:var(--muted)}
ul.contents{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:1rem 0;padding:0}
ul.contents a{display:inline-block;padding:.35rem 0}
ol.commands{list-style:none;margin:.5rem 0;padding:.5rem 1rem;background:var(--code);border-radius:6px}
ol.commands li{padding:.25rem 0 .25rem 2em;text-indent:-2em}
ol.commands code{padding:0}
ol.commands span{display:inline-block;text-indent:0;max-width:100%}
tr:target{background:var(--warnbg)}
@media (min-width:56rem){.seeds code:not(.key){white-space:nowrap}}
@media (min-width:40rem){.seeds{table-layout:fixed}.places>div{display:grid;grid-template-columns:16rem 1fr;align-items:baseline}.routes{table-layout:fixed}.routes th:nth-child(1){width:5rem}.routes th:nth-child(2){width:45%}}
@media (max-width:40rem){tr{display:block;padding:.6rem 0;border-bottom:1px solid var(--soft)}td{display:block;border:0;padding:0}thead{display:none}}
`
