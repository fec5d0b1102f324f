"""How do report pages look? Light and dark, on a phone, on a screen and on paper."""

STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--soft:#f3f5f8;--edge:#d5dbe3;--quiet:#5a6573;--link:#1f5fa8;
--good:#1f7a4d;--bad:#b3372b;--neutral:#8a6410;--c0:#0b62a8;--c1:#c25a00;--c2:#1f7a4d;--c3:#9b3d86;--c4:#5f6b7a;
--c5:#a08400}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--paper:#14181e;--soft:#1e242d;--edge:#3a4350;--quiet:#a3afbd;
--link:#7db5f0;--good:#5cc492;--bad:#f08a7e;--neutral:#e0b35a;--c0:#6db3f2;--c1:#f2a154;--c2:#5cc492;--c3:#df8bcb;
--c4:#a3afbd;--c5:#e3cc5c}}
*{box-sizing:border-box}html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{font:16px/1.6 system-ui,-apple-system,"Segoe UI","PingFang SC","Hiragino Sans GB","Microsoft YaHei",
"Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;
margin:auto;padding:1rem 1rem 4rem;overflow-wrap:break-word}
h1{font-size:1.65rem;line-height:1.25;margin:.4rem 0}h2{font-size:1.25rem;line-height:1.3;margin:2.4rem 0 .6rem;
padding-top:.8rem;border-top:1px solid var(--edge)}
.lead{font-size:1.05rem}.quiet{color:var(--quiet);font-size:.92em}a{color:var(--link)}
nav ol{margin:.4rem 0;padding-left:1.4rem;columns:18rem}nav li{break-inside:avoid}
.verdict{font-size:1.1rem;border-left:.4rem solid var(--neutral);background:var(--soft);padding:.8rem 1rem;
border-radius:.3rem;margin:.8rem 0}.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem;margin:1rem 0}
.tiles div{border:1px solid var(--edge);border-radius:.4rem;padding:.5rem .8rem;font-size:.92em;color:var(--quiet)}
.tiles b{display:block;font-size:1.5rem;line-height:1.3;color:var(--ink);font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;margin:.8rem 0}table{border-collapse:collapse;min-width:100%;font-size:.92em}
caption{text-align:left;font-weight:600;padding:.2rem 0 .4rem}
th,td{border-bottom:1px solid var(--edge);padding:.35rem .7rem;text-align:left;vertical-align:top;word-break:keep-all}
thead th{vertical-align:bottom;font-size:.92em;color:var(--quiet)}tbody th{font-weight:500;min-width:5.5em}
tbody th:first-child,thead th:first-child{position:sticky;left:0;background:var(--paper);padding-left:0;
max-width:15rem}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tr.strong>*{font-weight:700}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem;align-items:start}
figure{margin:.6rem 0;break-inside:avoid;max-width:36rem}figcaption{font-weight:600;margin-bottom:.2rem}
svg{display:block;width:100%;height:auto}svg text{fill:var(--ink);font-size:12px;font-family:inherit}
svg .tick{fill:var(--quiet);font-size:11px}svg .grid{stroke:var(--edge);stroke-width:1}
svg .axis{stroke:var(--quiet);stroke-width:1}svg .ideal{stroke:var(--quiet);stroke-width:1.2;stroke-dasharray:5 4}
svg .line{fill:none;stroke-width:2.2;stroke-linejoin:round}svg .band{stroke:none;fill-opacity:.2}
svg .band.wide{fill-opacity:.12}svg .err{stroke-width:1.6}
svg .s0{stroke:var(--c0)}svg .s1{stroke:var(--c1)}svg .s2{stroke:var(--c2)}svg .s3{stroke:var(--c3)}
svg .s4{stroke:var(--c4)}svg .s5{stroke:var(--c5)}
svg .f0{fill:var(--c0)}svg .f1{fill:var(--c1)}svg .f2{fill:var(--c2)}svg .f3{fill:var(--c3)}svg .f4{fill:var(--c4)}
svg .f5{fill:var(--c5)}svg .d1{stroke-dasharray:7 3}svg .d2{stroke-dasharray:2 3}svg .d3{stroke-dasharray:9 3 2 3}
svg .d4{stroke-dasharray:5 5}svg .d5{stroke-dasharray:1 4}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--link);font-size:.92em}
dl{margin:.6rem 0}dt{font-weight:600;margin-top:.6rem}dd{margin:0 0 0 1rem;color:var(--quiet)}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
@page{margin:15mm}
@media print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#fff;--edge:#bbb;--quiet:#444;--link:#000;
--c0:#0b62a8;--c1:#c25a00;--c2:#1f7a4d;--c3:#9b3d86;--c4:#5f6b7a;--c5:#a08400;--good:#1f7a4d;--bad:#b3372b;
--neutral:#8a6410}body{max-width:none;padding:0;font-size:11pt}nav{display:none}h2{break-after:avoid}
.scroll{overflow:visible}summary,figure details{display:none}tr{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}
tbody th:first-child,thead th:first-child{position:static}}
"""
