import base64
import hashlib
import re

from serving.api.description_page import STYLE, description_page, style_source

API = {
    "info": {"title": "<Foresell>", "version": "1", "description": "About & more"},
    "paths": {
        "/v1/scores/deals": {
            "post": {
                "description": "Scores.",
                "security": [{}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}}},
                "responses": {"200": {"description": "Fine", "content": {}}},
            }
        },
        "/healthz": {"get": {"description": "Alive.", "responses": {}}},
    },
    "components": {
        "schemas": {
            "Asked": {
                "required": ["deals"],
                "properties": {
                    "deals": {"type": "array", "items": {"$ref": "#/components/schemas/Deal"}, "description": "<all>"},
                    "dates": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
                },
            }
        }
    },
}


def test_the_page_lists_calls_and_shapes():
    page = description_page(API)

    assert "<code>POST /v1/scores/deals</code>" in page
    assert "Authorization: Bearer" in page
    assert "Alive. No key is needed." in page
    assert '<a href="#Asked">Asked</a>' in page
    assert '<code>deals</code> *</td><td>array of <a href="#Deal">Deal</a></td><td>&lt;all&gt;</td>' in page
    assert "string (date) or null" in page


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_left_unescaped():
    page = description_page(API)

    assert "&lt;Foresell&gt;" in page
    assert "<Foresell>" not in page
    assert not re.findall(r'(?:src|href)="(?!#|/)', page)
    assert "<script" not in page


def test_the_pages_style_is_the_one_allowed():
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

    assert style_source() == f"sha256-{digest}"
    assert f"<style>{STYLE}</style>" in description_page(API)
