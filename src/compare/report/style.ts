/** The page's style: light and dark, screen and paper; no series is told by colour alone. */
import { SERIES_STYLE } from "./series.ts";

export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#5a6472;--line:#d8dde3;--card:#f6f8fa;--fault:#f5d9a8;--good:#1a7f37;--bad:#b42318;--c0:#b45309;--c1:#6d28d9;--c2:#0e7490;--c3:#1a7f37;--c4:#9d174d;--c5:#374151;--c6:#1d4ed8;--c7:#4d7c0f}
@media (prefers-color-scheme:dark){:root{--bg:#0f1317;--fg:#e6e9ee;--soft:#9aa5b1;--line:#2c343d;--card:#171d23;--fault:#4a3a17;--good:#4cc26b;--bad:#ff8a7a;--c0:#f0a04b;--c1:#b794f6;--c2:#4fc3d9;--c3:#4cc26b;--c4:#f48fb1;--c5:#c3cad3;--c6:#82aaff;--c7:#b5d96a}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:2rem 1.25rem 4rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,"Noto Sans KR",sans-serif}
h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0}h2{font-size:1.2rem;margin:2.4rem 0 .6rem}p{margin:.5rem 0;max-width:75ch}
.kicker,.note-text{color:var(--soft);font-weight:400}.kicker{margin:0;font-size:.9rem}
.verdict{border-left:6px solid var(--good);background:var(--card);padding:.8rem 1.1rem;margin:1.2rem 0;font-size:1.1rem;border-radius:0 6px 6px 0}.verdict.failed{border-color:var(--bad)}
.scroll{overflow-x:auto}.scroll:focus-visible,a:focus-visible,summary:focus-visible{outline:3px solid var(--c6);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.93rem}
th,td{text-align:left;padding:.34rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}th{font-weight:600}td.n,th.n{text-align:right;white-space:nowrap}td.v{white-space:nowrap}
tbody tr.first>*{border-top:2px solid var(--line)}caption{text-align:left;color:var(--soft);padding:.2rem 0}
.bar{display:inline-block;width:72px;height:9px;border:1px solid var(--soft);border-radius:2px;margin-right:.5rem;vertical-align:baseline;background:linear-gradient(90deg,var(--fg) var(--v),transparent var(--v))}
.ok{color:var(--good);font-weight:600}.no{color:var(--bad);font-weight:600}
svg{display:block;width:100%;height:auto;font:12px system-ui,"Noto Sans KR",sans-serif}
svg text{fill:var(--fg)}.phase,.middle{text-anchor:middle}.lane{text-anchor:end;font-weight:600;font-size:14px}.lane.small{font-size:11px;font-weight:400}.tick{fill:var(--soft)!important;font-size:11px;text-anchor:end}.tick.middle{text-anchor:middle}.note{text-anchor:end;font-size:11px;font-style:italic}.panel{font-weight:600}
.fault{fill:var(--fault);stroke:var(--bg);stroke-width:2}.grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}.split{stroke:var(--soft);stroke-dasharray:2 3}
.line{fill:none;stroke-width:2}.area{opacity:.22;stroke:none}
${SERIES_STYLE}
.mark.serving{fill:var(--c2)}.mark.stopped{fill:var(--c0)}.hurt{fill:var(--bad)}.spared{fill:none;stroke:var(--line);stroke-width:.5}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;padding:0;margin:.4rem 0}.legend svg{display:inline-block;width:34px;margin-right:.4rem;vertical-align:middle}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:.6rem}
code,pre{font:.9em ui-monospace,monospace;background:var(--card);padding:.1em .35em;border-radius:4px}pre{padding:.7rem 1rem;overflow-x:auto}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--card:#fff;--fault:#e6e6e6}body{max-width:none;padding:0;font-size:11pt}h2{break-after:avoid}svg,table,.verdict{break-inside:avoid}.scroll{overflow:visible}}
@media (max-width:640px){body{padding:1rem .8rem 3rem}th,td{padding:.3rem .35rem}}
`;
