"""How does an audit read as a page? One file of HTML, English beside Chinese, readable on a phone and on paper."""

from collections.abc import Mapping
from html import escape

from features.audit_report import MEANING, MEANING_ZH, SEVERITIES, Computable, Coverage, Finding, Report

STYLE = """
:root{color-scheme:light dark;--edge:#8884;--soft:#8881;--error:#c0392b;--warning:#b7791f;--info:#2b6cb0;--bar:#2b6cb0}
*{box-sizing:border-box} html{scroll-behavior:smooth}
body{font:16px/1.55 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:66rem;margin:auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0} h1 .zh,h2 .zh{display:block;font-size:.75em;font-weight:500}
h2{font-size:1.2rem;margin:2.2rem 0 .4rem;padding-top:.6rem;border-top:1px solid var(--edge)}
h3{font-size:1rem;margin:1.2rem 0 .3rem} .zh{opacity:.75} .quiet{opacity:.75;font-size:.92em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem;margin:1rem 0}
.tiles a{display:block;text-decoration:none;color:inherit;border:1px solid var(--edge);border-radius:.5rem}
.tiles a{padding:.5rem .8rem;border-top:.3rem solid var(--edge)}
.tiles b{display:block;font-size:1.6rem;line-height:1.3}
.tiles .error{border-top-color:var(--error)} .tiles .warning{border-top-color:var(--warning)}
.tiles .info{border-top-color:var(--info)}
nav ol{padding-left:1.4rem;margin:.3rem 0} nav li{margin:.1rem 0} a{color:var(--info)}
.scroll{overflow-x:auto} table{border-collapse:collapse;width:100%;font-size:.94em}
td,th{border-bottom:1px solid var(--edge);padding:.35rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums} td.t{white-space:nowrap} td.w{min-width:14rem}
article{border:1px solid var(--edge);border-left:.35rem solid var(--edge);border-radius:.4rem}
article{padding:.6rem .9rem;margin:.7rem 0;break-inside:avoid}
article.error{border-left-color:var(--error)} article.warning{border-left-color:var(--warning)}
article.info{border-left-color:var(--info)} article p{margin:.3rem 0}
code{font-size:.92em;background:var(--soft);border-radius:.25rem;padding:.05rem .3rem;overflow-wrap:anywhere}
ul.names{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem;padding:0;margin:.4rem 0}
svg.bars{display:block;width:100%;min-width:14rem;height:2.4rem} svg.bars rect{fill:var(--bar)}
svg.bars rect.none{fill:var(--warning);opacity:.35} .ends{display:flex;justify-content:space-between;font-size:.8em}
details summary{cursor:pointer} @media print{details>*{display:block} .tiles a{break-inside:avoid}}
"""
TITLES = {"error": "Errors", "warning": "Warnings", "info": "For your information"}
TITLES_ZH = {"error": "错误", "warning": "警告", "info": "提示"}
ENTITY_ZH = {"deal": "商机", "customer": "客户"}
FEW = 12
"""Names that are shown at once; more are folded away."""
PERIOD_ZH = {"month": "月", "quarter": "季度", "year": "年"}


def page(report: Report) -> str:
    """A report as a whole HTML document without scripts or links to anywhere else."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>What may be learned from this history</title><style>{STYLE}</style></head><body>",
        f"<header><h1>What may be learned from this history {_zh('这份历史可以学到什么')}</h1>",
        f'<p class="quiet">As it was on record before {report.as_of:%Y-%m-%d %H:%M} UTC '
        f"{_zh('截至此时刻已记录的内容')}</p></header>",
        _tiles(report),
        _contents(report),
        "<main>",
        *(_findings(report, severity) for severity in SEVERITIES),
        "" if report.findings else "<p>Nothing was found against any column. " + _zh("未发现任何问题。") + "</p>",
        _tables(report.tables),
        *(_features(features) for features in report.features),
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _tiles(report: Report) -> str:
    """The numbers to see first."""
    tiles: list[tuple[str, str, str, str, str]] = []
    for severity in SEVERITIES:
        count = len(_chosen(report, severity))
        target = f' href="#{severity}"' if count else ""
        tiles.append((severity, target, f"{count}", TITLES[severity], TITLES_ZH[severity]))
    for features in report.features:
        shown = f"{len(features.used)} / {len(features.used) + len(features.not_used)}"
        zh = f"可用{ENTITY_ZH[features.entity]}特征"
        tiles.append(("", f' href="#features-{features.entity}"', shown, f"{features.entity} features used", zh))
    cells = "".join(
        f'<a class="{kind}"{target}><b>{number}</b>{title} {_zh(zh)}</a>' for kind, target, number, title, zh in tiles
    )
    return f'<div class="tiles">{cells}</div>'


def _contents(report: Report) -> str:
    """Every error and warning in a line, and where the rest is."""
    lines = []
    for severity in SEVERITIES:
        for number, finding in enumerate(_chosen(report, severity)):
            if severity != "info":
                place = f'<a href="#{severity}-{number}">{escape(finding.place)}</a>'
                lines.append(f"<li>{place} <code>{finding.finding}</code> {_zh(TITLES_ZH[severity])}</li>")
    targets: dict[str, tuple[str, str]] = {s: (TITLES[s], TITLES_ZH[s]) for s in SEVERITIES if _chosen(report, s)}
    targets["coverage"] = ("Coverage", "覆盖情况")
    for features in report.features:
        name = f"Features of a {features.entity}", f"{ENTITY_ZH[features.entity]}特征"
        targets[f"features-{features.entity}"] = name
    links = " · ".join(f'<a href="#{key}">{title}</a> {_zh(zh)}' for key, (title, zh) in targets.items())
    return f"<nav><p>{links}</p>{'<ol>' + ''.join(lines) + '</ol>' if lines else ''}</nav>"


def _chosen(report: Report, severity: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity == severity]


def _findings(report: Report, severity: str) -> str:
    chosen = _chosen(report, severity)
    if not chosen:
        return ""
    head = f'<h2 id="{severity}">{TITLES[severity]}: {len(chosen)} {_zh(TITLES_ZH[severity])}</h2>'
    meaning = f'<p class="quiet">{MEANING[severity]} {_zh(MEANING_ZH[severity])}</p>'
    articles = (_article(report, finding, f"{severity}-{number}") for number, finding in enumerate(chosen))
    return f"<section>{head}{meaning}" + "\n".join(articles) + "</section>"


def _article(report: Report, finding: Finding, anchor: str) -> str:
    left_out = report.left_out_by(finding)
    head = f"Left out of learning: {len(left_out)} {_zh('不参与学习的特征')}"
    names = _names(left_out)
    what = f"<p>{head}</p>{names}" if len(left_out) <= FEW else f"<details><summary>{head}</summary>{names}</details>"
    what = what if left_out else ""
    return (
        f'<article class="{finding.severity}" id="{anchor}"><p><strong>{escape(finding.place)}</strong> '
        f"<code>{escape(finding.finding)}</code></p><p>{escape(finding.evidence)} {escape(finding.consequence)}</p>"
        f'<p class="zh" lang="zh">{escape(finding.evidence_zh)}{escape(finding.consequence_zh)}</p>{what}</article>'
    )


def _tables(tables: tuple[Coverage, ...]) -> str:
    head = (
        f"<tr><th>Table {_zh('表')}</th><th class=n>Rows {_zh('行数')}</th><th>Over time {_zh('时间分布')}</th>"
        f"<th>Given {_zh('已有列')}</th><th>Never given {_zh('从未提供')}</th></tr>"
    )
    rows = "\n".join(_row(table) for table in tables)
    note = "Rows by period; a period without any is marked. " + _zh("按时期的行数，空白时期有标记。")
    return (
        f'<section><h2 id="coverage">Coverage {_zh("覆盖情况")}</h2><p class="quiet">{note}</p>'
        f"{_scrolled(head + rows)}</section>"
    )


def _row(table: Coverage) -> str:
    given = ", ".join(name if share > 0.9995 else f"{name} {share:.0%}" for name, share in table.given.items())
    cells = "".join(f"<td>{escape(text)}</td>" for text in (given, ", ".join(table.missing)))
    over_time = f'<td class="w">{_bars(table)}</td>'
    return f'<tr><td class="t">{table.table}</td><td class=n>{table.rows:,}</td>{over_time}{cells}</tr>'


def _bars(table: Coverage) -> str:
    """Rows by period as bars, each with its number for those who point at it."""
    if not table.coverage:
        return "–"
    most = max(table.coverage.values())
    # Where most periods are empty, as in a list of products, an empty one is nothing to look at.
    marked = sum(rows > 0 for rows in table.coverage.values()) * 2 > len(table.coverage)
    periods = enumerate(table.coverage.items())
    bars = "".join(_bar(n, period, rows, most) for n, (period, rows) in periods if rows or marked)
    first, last = (f"{at:%Y-%m-%d}" if at else "–" for at in (table.first, table.last))
    label = f"{table.table}: {len(table.coverage)} × {table.period}"
    ends = f"<span>{first}</span><span>{table.period} {_zh(PERIOD_ZH[table.period])}</span><span>{last}</span>"
    return (
        f'<svg class="bars" role="img" aria-label="{label}" preserveAspectRatio="none" '
        f'viewBox="0 0 {len(table.coverage) * 10} 40">{bars}</svg><div class="ends">{ends}</div>'
    )


def _bar(place: int, period: str, rows: int, most: int) -> str:
    height = max(round(40 * rows / most, 1), 1.5) if rows else 40
    kind = "" if rows else ' class="none"'
    return (
        f'<rect{kind} x="{place * 10 + 1}" y="{40 - height:g}" width="8" height="{height:g}">'
        f"<title>{period}: {rows:,}</title></rect>"
    )


def _features(features: Computable) -> str:
    whose = ENTITY_ZH[features.entity]
    head = (
        f'<h2 id="features-{features.entity}">{len(features.used)} {features.entity} features can be used '
        f"{_zh(f'可使用 {len(features.used)} 个{whose}特征')}</h2>"
    )
    used = ""
    if features.used:
        used = f"<details><summary>Their names {_zh('特征名称')}</summary>{_names(features.used)}</details>"
    suspected = _reasons("Left out as suspect", "因疑似泄漏而排除", features.suspected)
    cannot = _reasons("Cannot be computed, and why", "无法计算的特征及原因", features.cannot)
    return f"<section>{head}{used}{suspected}{cannot}</section>"


def _reasons(title: str, title_zh: str, why: Mapping[str, str]) -> str:
    """Features by the reason that they share."""
    if not why:
        return ""
    reasons: dict[str, list[str]] = {}
    for name, reason in why.items():
        reasons.setdefault(reason, []).append(name)
    rows = "".join(f"<tr><td>{escape(reason)}</td><td>{_names(names)}</td></tr>" for reason, names in reasons.items())
    return f"<h3>{title}: {len(why)} {_zh(title_zh)}</h3>{_scrolled(rows)}"


def _names(names: tuple[str, ...] | list[str]) -> str:
    return '<ul class="names">' + "".join(f"<li><code>{escape(name)}</code></li>" for name in names) + "</ul>"


def _zh(text: str) -> str:
    return f'<span class="zh" lang="zh">{text}</span>'


def _scrolled(rows: str) -> str:
    return f'<div class="scroll"><table>{rows}</table></div>'
