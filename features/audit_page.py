"""How does an audit read as a page? One file of HTML, English beside Chinese, readable on a phone and on paper."""

from html import escape

from features.audit_report import MEANING, MEANING_ZH, SEVERITIES, Coverage, Finding, Report

STYLE = """
:root{color-scheme:light dark;--edge:#8884;--error:#c0392b;--warning:#b7791f;--info:#2b6cb0}
body{font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:64rem;margin:auto;padding:1rem}
h1{font-size:1.5rem} h2{font-size:1.15rem;margin-top:2rem} .zh{opacity:.8}
.scroll{overflow-x:auto} table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid var(--edge);padding:.35rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
article{border:1px solid var(--edge);border-left:.35rem solid var(--edge);border-radius:.4rem}
article{padding:.6rem .9rem;margin:.7rem 0;break-inside:avoid}
article.error{border-left-color:var(--error)} article.warning{border-left-color:var(--warning)}
article.info{border-left-color:var(--info)}
article p{margin:.3rem 0} code{font-size:.95em}
"""
TITLES = {"error": "Errors · 错误", "warning": "Warnings · 警告", "info": "For your information · 提示"}


def page(report: Report) -> str:
    """A report as a whole HTML document without scripts or links."""
    counts = {s: sum(f.severity == s for f in report.findings) for s in SEVERITIES}
    summary = " · ".join(f"{TITLES[s]}: {counts[s]}" for s in SEVERITIES)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>What may be learned from this history</title><style>{STYLE}</style></head><body>",
        '<h1>What may be learned from this history <span class="zh" lang="zh">这份历史可以学到什么</span></h1>',
        f"<p>As of {report.as_of:%Y-%m-%d %H:%M} UTC. {summary}.</p>",
        *(_findings(report, severity) for severity in SEVERITIES),
        _tables(report.tables),
        _left_out(report),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _findings(report: Report, severity: str) -> str:
    chosen = [finding for finding in report.findings if finding.severity == severity]
    if not chosen:
        return ""
    meaning = f'<p>{MEANING[severity]} · <span lang="zh">{MEANING_ZH[severity]}</span></p>'
    return f"<h2>{TITLES[severity]}</h2>{meaning}" + "\n".join(map(_article, chosen))


def _article(finding: Finding) -> str:
    return (
        f'<article class="{finding.severity}"><p><strong>{escape(finding.place)}</strong> '
        f"<code>{escape(finding.finding)}</code></p><p>{escape(finding.evidence)} {escape(finding.consequence)}</p>"
        f'<p class="zh" lang="zh">{escape(finding.evidence_zh)}{escape(finding.consequence_zh)}</p></article>'
    )


def _tables(tables: tuple[Coverage, ...]) -> str:
    head = (
        "<tr><th>Table · 表</th><th class=n>Rows · 行数</th><th>First · 最早</th><th>Last · 最近</th>"
        "<th>Given · 已有</th><th>Never given · 缺失</th></tr>"
    )
    rows = "\n".join(_row(table) for table in tables)
    return f"<h2>Coverage {_zh('覆盖情况')}</h2>{_scrolled(head + rows)}"


def _row(table: Coverage) -> str:
    given = ", ".join(name if share > 0.9995 else f"{name} {share:.0%}" for name, share in table.given.items())
    first, last = (f"{at:%Y-%m-%d}" if at else "–" for at in (table.first, table.last))
    cells = "".join(f"<td>{escape(text)}</td>" for text in (first, last, given, ", ".join(table.missing)))
    return f"<tr><td>{table.table}</td><td class=n>{table.rows:,}</td>{cells}</tr>"


def _left_out(report: Report) -> str:
    count = report.features_offered
    head = f"<h2>{count} features can be computed {_zh(f'可计算 {count} 个特征')}</h2>"
    if not report.features_left_out:
        return head
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(reason)}</td></tr>"
        for name, reason in report.features_left_out.items()
    )
    return f"{head}<p>Not used, and why {_zh('未使用的特征及原因')}</p>{_scrolled(rows)}"


def _zh(text: str) -> str:
    return f'<span class="zh" lang="zh">{text}</span>'


def _scrolled(rows: str) -> str:
    return f'<div class="scroll"><table>{rows}</table></div>'
