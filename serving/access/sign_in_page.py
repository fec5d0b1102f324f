"""What does someone see who signs in? Three small pages in zh and en, without scripts. Pure text in, HTML out."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from serving.access.key_ring import Caller
from serving.language import Language

STYLE = """
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, "Noto Sans SC", sans-serif; max-width: 24rem; margin: 10vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
label { display: block; margin: 1rem 0 .25rem; }
input, button, a.button { font: inherit; width: 100%; padding: .6rem .75rem; border: 1px solid; border-radius: .4rem; }
button, a.button { display: block; margin-top: 1.5rem; text-align: center; text-decoration: none; color: inherit; }
button { cursor: pointer; font-weight: 600; background: #1f5fbf; border-color: #1f5fbf; color: #fff; }
:focus-visible { outline: 3px solid #e69f00; outline-offset: 2px; }
.trouble { border-left: 4px solid #c8372d; padding: .1rem 0 .1rem .75rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
"""

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "sign in": "Sign in",
        "name": "Name",
        "password": "Password",
        "elsewhere": "Sign in with your company account",
        "signed in": "You are signed in",
        "who": "Name",
        "role": "Role",
        "reach": "Sees",
        "sign out": "Sign out",
        "calls": "What can be called",
        "SignInRefused": "The name and the password do not belong together, or the account is closed.",
        "TooManyTries": "Too many tries from your address. Wait a moment, then try again.",
        "TooManySignIns": "Too many people are signing in. Please try again in a few seconds.",
        "FormExpired": "The page was open for too long. Please try again.",
        "OriginNotAccepted": "The form was sent from another site. Please sign in here.",
        "SignInNeedsHttps": "Signing in works over https, or on this machine alone. Ask your administrator.",
        "SignInElsewhereFailed": "Your company account did not open this service. Ask your administrator.",
        "SignInElsewhereOff": "Signing in with a company account is not set up here.",
        "PublicUrlNeeded": "Signing in with a company account is not set up completely: its address is missing.",
        "ProviderAway": "The company's sign-in service does not answer. Please try again in a moment.",
        "StoreAway": "The service cannot reach its database. Please try again in a moment.",
        "own": "own records",
        "team": "the team's records, and those of teams below",
        "all": "all records",
        "admin": "administrator",
        "manager": "manager",
        "seller": "seller",
        "integration": "integration",
        "scientist": "scientist",
    },
    "zh": {
        "sign in": "登录",
        "name": "用户名",
        "password": "密码",
        "elsewhere": "使用企业账号登录",
        "signed in": "您已登录",
        "who": "用户名",
        "role": "角色",
        "reach": "可见范围",
        "sign out": "退出登录",
        "calls": "接口说明",
        "SignInRefused": "用户名与密码不匹配，或账号已停用。",
        "TooManyTries": "您的地址尝试次数过多，请稍候再试。",
        "TooManySignIns": "当前登录人数过多，请稍候几秒再试。",
        "FormExpired": "页面打开时间过长，请重试。",
        "OriginNotAccepted": "表单来自其他网站，请在此处登录。",
        "SignInNeedsHttps": "仅可通过 https 或在本机登录，请联系管理员。",
        "SignInElsewhereFailed": "企业账号未能打开此服务，请联系管理员。",
        "SignInElsewhereOff": "此处未启用企业账号登录。",
        "PublicUrlNeeded": "企业账号登录尚未配置完整：缺少服务地址。",
        "ProviderAway": "企业登录服务无响应，请稍候再试。",
        "StoreAway": "服务暂时无法访问数据库，请稍候再试。",
        "own": "本人的记录",
        "team": "本团队及下级团队的记录",
        "all": "全部记录",
        "admin": "管理员",
        "manager": "经理",
        "seller": "销售",
        "integration": "系统集成",
        "scientist": "数据科学家",
    },
}


def policy() -> str:
    """The Content-Security-Policy of these pages: their own style, forms to this service, nothing else."""
    style = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src '{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def sign_in_page(language: Language, token: str, elsewhere: bool, trouble: str | None = None, name: str = "") -> str:
    """The form. `token` is also in the form's cookie; `trouble` is the name of an error of ours."""
    word = WORDS[language]
    said = f'<p class="trouble" role="alert">{escape(word[trouble])}</p>' if trouble else ""
    other = f'<a class="button" href="/sign-in/oidc">{escape(word["elsewhere"])}</a>' if elsewhere else ""
    return _page(
        language,
        word["sign in"],
        f'{said}<form method="post" action="/sign-in" accept-charset="utf-8">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        f'<label for="name">{escape(word["name"])}</label>'
        f'<input id="name" name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none" '
        'spellcheck="false" maxlength="200" required autofocus>'
        f'<label for="password">{escape(word["password"])}</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" '
        "required>"
        f"<button>{escape(word['sign in'])}</button></form>{other}",
    )


def signed_in_page(language: Language, caller: Caller, token: str) -> str:
    """Who is signed in, and the way out."""
    word = WORDS[language]
    facts = {
        word["who"]: caller.user or caller.name,
        word["role"]: word[str(caller.role)],
        word["reach"]: word[caller.reach.kind.value],
    }
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(said)}</dd>" for term, said in facts.items())
    return _page(
        language,
        word["signed in"],
        f'<dl>{rows}</dl><p><a href="/docs">{escape(word["calls"])}</a></p>'
        f'<form method="post" action="/sign-out"><input type="hidden" name="token" value="{escape(token)}">'
        f"<button>{escape(word['sign out'])}</button></form>",
    )


def _page(language: Language, title: str, inner: str) -> str:
    tag = {"en": "en", "zh": "zh-Hans"}[language]
    return (
        f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8"><title>{escape(title)} · Foresell</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>{inner}</main></body></html>"
    )
