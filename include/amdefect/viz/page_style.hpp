#pragma once

#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/viz/svg_plot.hpp"

namespace amdefect::detail {

inline constexpr const char* page_colors_light =
    "--ground:#fcfcfb;--card:#ffffff;--ink:#1b1f24;--muted:#59626d;--rule:#dde1e6;--accent:#0072b2;color-scheme:light;";
inline constexpr const char* page_colors_dark =
    "--ground:#121518;--card:#191d21;--ink:#e7eaed;--muted:#a0a9b3;--rule:#30373e;--accent:#56b4e9;color-scheme:dark;";

inline constexpr const char* page_rules = R"css(
:root{--plot-ink:var(--ink);--plot-muted:var(--muted);--plot-rule:var(--rule);--plot-ground:transparent}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main,footer{max-width:1160px;margin:0 auto;padding:0 20px}
header{padding-top:28px;display:grid;grid-template-columns:1fr auto;gap:2px 16px;align-items:start}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;margin:0;overflow-wrap:anywhere}
h2{font-size:1.2rem;letter-spacing:-.005em;margin:32px 0 12px;padding-top:12px;border-top:1px solid var(--rule);scroll-margin-top:8px}
h3{font-size:1rem;margin:22px 0 10px}
p{margin:6px 0 12px;max-width:70ch}
.sub,.note,footer{color:var(--muted)}
.sub{grid-column:1/-1;margin:4px 0 0;overflow-wrap:anywhere}
.note{font-size:.88rem}
nav{grid-column:1/-1;display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:10px;font-size:.92rem}
a{color:var(--accent)}
nav a{text-decoration:none}
nav a:hover{text-decoration:underline}
button{font:inherit;font-size:.85rem;color:var(--ink);background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:4px 10px;cursor:pointer}
button:hover{border-color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
footer p{margin:48px 0 32px;padding-top:12px;max-width:none;border-top:1px solid var(--rule);font-size:.85rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(132px,1fr));gap:10px;margin:0}
.tiles div{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:10px 14px}
.tiles dt{color:var(--muted);font-size:.8rem;line-height:1.3}
.tiles dd{margin:2px 0 0;font-size:1.55rem;line-height:1.2;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.02em}
.facts{columns:2 320px;column-gap:40px;margin:14px 0 0;font-size:.92rem}
.facts div{display:flex;justify-content:space-between;gap:16px;padding:4px 0;border-bottom:1px solid var(--rule);break-inside:avoid}
.facts dt{color:var(--muted)}
.facts dd{margin:0;text-align:right;overflow-wrap:anywhere}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:16px}
.chart{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 8px 6px;break-inside:avoid}
.chart figcaption{display:flex;gap:12px;justify-content:flex-end;font-size:.75rem;padding-right:6px}
.chart .plot{max-width:600px;margin:0 auto}
.findings{margin:8px 0 16px;padding-left:1.2em}
.findings ul{list-style:none;margin:2px 0 8px;padding:0;color:var(--muted);font-size:.85rem;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:16px 0 4px;break-inside:avoid}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:.88rem;padding-bottom:6px}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
th{font-weight:600}
thead th{color:var(--muted);font-weight:500;font-size:.82rem;vertical-align:bottom}
th:first-child,.text{text-align:left}
td.text{white-space:normal;color:var(--muted);font-size:.85rem;min-width:180px}
.tall{max-height:560px;overflow-y:auto}
.tall thead th{position:sticky;top:0;z-index:1;background:var(--ground)}
.numbers{min-width:min(100%,560px)}
.numbers th:first-child{white-space:normal;overflow-wrap:anywhere;min-width:90px}
.confusion td,.confusion thead th{text-align:center}
.confusion td{min-width:44px;border:2px solid var(--ground);border-radius:4px;background:rgba(0,114,178,calc(.75*var(--v,0)))}
.confusion td.right{font-weight:700}
.confusion th{border:0}
.confusion thead th{white-space:normal;overflow-wrap:break-word;max-width:110px}
.confusion tbody th{position:sticky;left:0;background:var(--ground);font-weight:500}
.dense td{min-width:0;padding:1px 3px;font-size:.7rem;border:1px solid var(--rule);border-radius:0}
.dense th{font-size:.7rem;padding:1px 4px}
.dense thead th:not(:first-child){max-width:none;white-space:nowrap;writing-mode:vertical-rl;transform:rotate(180deg);text-align:left;padding:4px 1px}
.controls{position:sticky;top:0;z-index:2;display:flex;flex-wrap:wrap;gap:6px 20px;align-items:center;background:var(--ground);border-bottom:1px solid var(--rule);padding:8px 0;font-size:.92rem}
.controls label{display:flex;gap:7px;align-items:center}
.controls input{accent-color:var(--accent);width:18px;height:18px;margin:0}
.controls input[type=range]{width:150px}
.controls output{min-width:2.6em;font-variant-numeric:tabular-nums}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0;padding:0;font-size:.85rem;color:var(--muted)}
.key li{display:flex;gap:7px;align-items:center}
.key svg{width:26px;height:16px;background:#5c6166;border-radius:3px}
.shots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:18px}
.shot{margin:0;break-inside:avoid;min-width:0}
.shot.large{grid-column:1/-1}
.frame{display:block;border-radius:6px;overflow:hidden;background:#333;touch-action:manipulation}
.frame svg{display:block;width:100%;height:auto;max-height:94vh}
.shot:not(.large) .frame svg{max-height:480px}
.shot figcaption{display:grid;grid-template-columns:1fr auto;gap:0 10px;align-items:center;font-size:.85rem;margin-top:6px}
.shot .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.shot .counts{grid-row:2;color:var(--muted);font-variant-numeric:tabular-nums}
.shot button{grid-row:1/3;grid-column:2}
.box :is(rect,path){fill:none;vector-effect:non-scaling-stroke;stroke:var(--c);stroke-width:1.4;transform-box:fill-box;transform-origin:center;transform:scale(calc(1 + 3*var(--px)/var(--w)),calc(1 + 3*var(--px)/var(--h)))}
.box .casing{stroke:#000;stroke-opacity:.6;stroke-width:2.8}
.box text{font-size:calc(var(--px)*11px);fill:var(--c);fill:color-mix(in srgb,var(--c) 60%,#fff);stroke:#101010;stroke-opacity:.9;stroke-width:.32em;paint-order:stroke;font-weight:600;stroke-linejoin:round;display:none}
.labels .box text:not(.hidden){display:inline}
.labels:not(.no-found) .truth:not(.missed) text{display:none}
.truth{--c:#ffffff}
.truth :is(rect,path){stroke-dasharray:4 3;stroke-width:1.3}
.truth .casing{display:none}
.missed{--c:#f0e442}
.missed .casing{display:inline;stroke-dasharray:none}
.correct{--c:#56b4e9}
.false{--c:#ff8133}
.false :not(.casing,text){stroke-dasharray:9 2}
.wrong{--c:#f0a3cf}
.wrong :not(.casing,text){stroke-dasharray:2 2}
.sample{--c:#ffffff}
.sample .casing{display:none}
.fault{--c:#ff4d40}
.fault :is(rect,path){stroke-width:2.4}
.fault .casing{stroke-width:4.4}
.fault :not(.casing,text){stroke-dasharray:6 2}
.off,.no-truth .truth,.no-found .found{display:none}
.box.on :is(rect,path){stroke-width:4}
#tip{position:fixed;z-index:3;pointer-events:none;max-width:260px;background:#111;color:#fff;border:1px solid #777;border-radius:5px;padding:3px 8px;font-size:.85rem;overflow-wrap:anywhere}
#tip:empty{display:none}
@media (max-width:520px){body{font-size:15px}header,main,footer{padding-left:14px;padding-right:14px}.tiles{grid-template-columns:1fr 1fr}
th,td{padding:4px 3px}table{font-size:.82rem}thead th{font-size:.74rem}td.text{min-width:110px}.numbers th:first-child{min-width:78px}.chart{padding:4px}.controls{gap:6px 14px;font-size:.85rem}.controls input[type=range]{width:110px}}
@page{margin:14mm}
@media print{body{font-size:10pt}.tall{max-height:none}header,main,footer{max-width:none;padding-left:0;padding-right:0}button,nav,footer,.controls,.chart figcaption,.files,#tip{display:none}
body{background:#fff}.tiles{grid-template-columns:repeat(auto-fit,minmax(84px,1fr))}.tiles dd{font-size:1.2rem}
h2,h3{break-after:avoid}.grid{grid-template-columns:1fr 1fr}.shots{grid-template-columns:repeat(3,1fr);gap:10px}.shot figcaption{font-size:.7rem}
.shot .frame svg{max-height:none}.chart,.tiles div,.confusion td,.key svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

/// The style sheet of all pages: light or dark as the reader's system is set, unless the page's data-theme says
/// otherwise; always light on paper.
inline std::string page_css() {
  const std::string light = page_colors_light + plot_palette_css(false);
  const std::string dark = page_colors_dark + plot_palette_css(true);
  return concat(":root{", light, "}\n@media (prefers-color-scheme:dark){:root{", dark, "}}\n:root[data-theme=light]{",
                light, "}\n:root[data-theme=dark]{", dark, "}\n@media print{:root,:root[data-theme]{", light, "}}",
                page_rules, plot_css());
}

}  // namespace amdefect::detail
