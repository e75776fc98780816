/**
 * The console's one style sheet. Contrast is at least 4.5:1 for text in both colour schemes (WCAG
 * 2.2 success criterion 1.4.3), targets are at least 44 pixels high.
 *
 * @module
 */
export const style = `
:root{color-scheme:light dark;--ground:#f5f5f1;--card:#fff;--ink:#1b2226;--soft:#58636a;--line:#dcdfdc;
--accent:#0b5d5a;--accent-ink:#fff;--good:#1a6b3c;--good-soft:#e3f2e8;--bad:#a3262a;--bad-soft:#fbe9e8;
--wait:#7a4b00;--wait-soft:#fdf1da;--plain-soft:#ecefed;--code:#f0f1ec;--ring:#0b5d5a;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Noto Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--ground:#121619;--card:#1b2125;--ink:#e8ecea;--soft:#a3afb3;
--line:#323b40;--accent:#6cc7bf;--accent-ink:#06201f;--good:#7fd6a0;--good-soft:#16301f;--bad:#ff9f98;
--bad-soft:#3a1b1b;--wait:#f1c26b;--wait-soft:#342812;--plain-soft:#262e32;--code:#14191c;--ring:#6cc7bf}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 var(--sans);
overflow-wrap:anywhere}
a{color:var(--accent);text-underline-offset:.18em}
h1{font-size:1.5rem;line-height:1.25;letter-spacing:-.01em;margin:0 0 .7rem;font-weight:650;text-wrap:balance}
h2{font-size:1.05rem;margin:0 0 .6rem;font-weight:650}
p{margin:.25rem 0 .75rem}
.card>p:last-child,.card>form>p:last-child{margin-bottom:0}
:focus-visible{outline:3px solid var(--ring);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-9999px}
.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem 1rem;z-index:9}
.top{background:var(--card);border-bottom:1px solid var(--line)}
.top>div{max-width:68rem;margin:auto;padding:0 1rem;display:flex;flex-wrap:wrap;align-items:center;
column-gap:1.25rem}
.brand{font-weight:700;letter-spacing:-.01em;color:var(--ink);text-decoration:none;padding:.65rem 0;
display:flex;align-items:center;gap:.5rem}
.brand svg{width:1.35rem;height:1.35rem;color:var(--accent)}
nav{display:flex;gap:.25rem;flex:1;white-space:nowrap}
nav a{padding:.7rem .6rem;min-height:44px;color:var(--soft);text-decoration:none;
border-bottom:2px solid transparent}
nav a[aria-current]{color:var(--ink);border-color:var(--accent);font-weight:600}
.who{display:flex;align-items:center;gap:.6rem;color:var(--soft);font-size:.9rem;margin:0}
main{max-width:68rem;margin:auto;padding:1.25rem 1rem 4rem}
main.narrow{max-width:44rem}
footer{max-width:68rem;margin:auto;padding:0 1rem 2rem;color:var(--soft);font-size:.85rem}
.lead{margin:0 0 1.1rem;color:var(--soft)}
.lead strong{color:var(--ink);font-weight:600}.lead strong.danger{color:var(--bad)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.1rem;
margin:0 0 1rem}
.card dl+p{margin-top:.75rem}
.status{display:flex;align-items:center;gap:.6rem;margin:0 0 .4rem}
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(15rem,100%),1fr));
margin-bottom:1rem}
.grid .card{margin:0}
.count{font-size:2rem;font-weight:650;line-height:1.1;font-variant-numeric:tabular-nums;display:block}
.soft{color:var(--soft)}
.small{font-size:.88rem}
.pill{display:inline-block;border-radius:999px;padding:.1rem .65rem;font-size:.85rem;font-weight:600;
background:var(--plain-soft);color:var(--ink);max-width:100%}
.pill.good{background:var(--good-soft);color:var(--good)}
.pill.bad{background:var(--bad-soft);color:var(--bad)}
.pill.wait{background:var(--wait-soft);color:var(--wait)}
.pills{display:flex;flex-wrap:wrap;gap:.35rem;margin:0;padding:0;list-style:none}
.player{margin:0 0 1rem}
.markers{margin:0 0 1.5rem;padding-left:1.6rem;max-height:20rem;overflow:auto}
.markers li{padding:.1rem 0}
.list{list-style:none;margin:0;padding:0}
.list>li{background:var(--card);border:1px solid var(--line);border-radius:12px;margin:0 0 .6rem}
.list>li>a{display:block;padding:.85rem 1.1rem;color:inherit;text-decoration:none;min-height:44px}
.list>li>a:hover{background:var(--plain-soft);border-radius:12px}
.list .row .pill{white-space:nowrap}
.list .row{display:flex;justify-content:space-between;gap:.75rem;align-items:baseline}
.list .title{font-weight:600}
.list p{margin:.15rem 0 0}
.pending{box-shadow:inset 4px 0 0 var(--wait)}
section+section>h2{margin-top:1.4rem}.card h2{margin-top:0!important}
dl{display:grid;grid-template-columns:minmax(6.5rem,max-content) 1fr;gap:.45rem 1rem;margin:0}
dt{color:var(--soft)}
dd{margin:0;min-width:0}
.chain{list-style:none;margin:0;padding:0}
.chain li+li::before{content:"acting for ";color:var(--soft)}
pre{background:var(--code);border:1px solid var(--line);border-radius:8px;padding:.75rem .9rem;margin:0 0 .75rem;
font:.9rem/1.5 var(--mono);white-space:pre-wrap;overflow-x:auto;tab-size:2}
code{font-family:var(--mono);font-size:.9em}
.scroll{overflow-x:auto;margin:0 0 .75rem;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.4rem .7rem;border-bottom:1px solid var(--line);vertical-align:top;
white-space:nowrap;max-width:24rem;overflow:hidden;text-overflow:ellipsis}
tr:last-child td{border-bottom:0}
thead th{background:var(--code);font-weight:600}
td.null{color:var(--soft);font-style:italic}
label{display:block;font-weight:600;margin:0 0 .3rem}
textarea,input[type=password]{width:100%;font:inherit;color:inherit;background:var(--ground);
border:1px solid var(--soft);border-radius:8px;padding:.65rem .75rem;min-height:44px}
textarea{min-height:5.5rem;resize:vertical}
.buttons{display:grid;grid-template-columns:1fr 1fr;gap:.75rem;margin-top:.9rem}
button,.button{font:inherit;font-weight:650;min-height:52px;border-radius:10px;border:1px solid var(--line);
background:var(--card);color:var(--ink);padding:.6rem 1.1rem;cursor:pointer;text-decoration:none;
display:inline-flex;align-items:center;justify-content:center}
button.primary,.button.primary{background:var(--accent);border-color:var(--accent);color:var(--accent-ink)}
button.deny{border-color:var(--bad);color:var(--bad);border-width:2px}
button.quiet{min-height:44px;font-weight:500;padding:.3rem .8rem;background:none;margin:.2rem 0}
button:hover,.button:hover{filter:brightness(1.06)}
.wide{width:100%}
.notice{border-radius:10px;padding:.75rem 1rem;margin:0 0 1rem;background:var(--plain-soft)}
.notice.good{background:var(--good-soft);color:var(--good)}
.notice.bad{background:var(--bad-soft);color:var(--bad)}
.notice.wait{background:var(--wait-soft);color:var(--wait)}
.notice p:last-child{margin-bottom:0}
details.card{padding:.15rem 1.1rem}
details.card[open]{padding-bottom:1rem}
details summary{cursor:pointer;min-height:44px;display:flex;align-items:center;color:var(--soft)}
details summary::before{content:"▸";margin-right:.5rem}
details[open] summary::before{content:"▾"}
.step{border-left:3px solid var(--line);padding:0 0 .2rem 1rem;margin:0 0 1.4rem}
.step.allow{border-color:var(--good)}.step.deny{border-color:var(--bad)}.step.hold{border-color:var(--wait)}
.step>header{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin-bottom:.5rem}
[hidden]{display:none!important}
@media (max-width:40rem){.top>div{column-gap:.75rem}nav{order:3;flex-basis:100%;margin:0 -.6rem}
.who{margin-left:auto}.who span{max-width:9rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
nav a{padding:.55rem .6rem}h1{font-size:1.32rem}dl{grid-template-columns:minmax(5rem,30%) 1fr;gap:.45rem .75rem}
dt{font-size:.9rem;overflow-wrap:normal}main{padding-top:1rem}}
@media (prefers-reduced-motion:no-preference){button,.list>li>a{transition:background .12s,filter .12s}}
`.trim();
