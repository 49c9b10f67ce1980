"""Readable names of browsers, for the list of one's own sessions."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The first that is found counts: most browsers name others, too, which they want to be taken for.
BROWSERS: Sequence[tuple[str, str]] = (
    (r"MicroMessenger", "微信"),
    (r"DingTalk", "钉钉"),
    (r"\bQQBrowser|\bMQQBrowser", "QQ浏览器"),
    (r"QIHU|360SE|360EE|360Browser", "360浏览器"),
    (r"\bSE [\d.]+X MetaSr|Sogou", "搜狗浏览器"),
    (r"UBrowser|UCBrowser", "UC浏览器"),
    (r"\bHuaweiBrowser", "华为浏览器"),
    (r"\bEdg(e|A|iOS)?/", "Edge"),
    (r"\bOPR/|\bOpera", "Opera"),
    (r"\bFirefox/|\bFxiOS/", "Firefox"),
    (r"Chrome/|\bCriOS/|\bChromium/", "Chrome"),
    (r"\bVersion/[\d.]+ .*Safari/", "Safari"),
    (r"\bMSIE |\bTrident/", "Internet Explorer"),
    (r"\b(curl|python-requests|Python-urllib|okhttp|Java|PostmanRuntime)/", r"\1"),
)
SYSTEMS: Sequence[tuple[str, str]] = (
    (r"HarmonyOS|OpenHarmony", "HarmonyOS"),
    (r"Windows NT 10\.0", "Windows 10/11"),
    (r"Windows NT 6\.[23]", "Windows 8"),
    (r"Windows NT 6\.1", "Windows 7"),
    (r"Windows", "Windows"),
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"Kylin", "麒麟"),
    (r"\bUOS\b|UnionTech|Deepin", "统信UOS"),
    (r"Linux|X11", "Linux"),
)


def named(text: str, names: Sequence[tuple[str, str]]) -> str:
    """Empty where nothing is known; what is not known is not repeated, since anybody can write anything there."""
    for pattern, name in names:
        if found := re.search(pattern, text[:400]):
            return found.expand(name)
    return ""


def browser_of(agent: str) -> str:
    return named(agent, BROWSERS)


def system_of(agent: str) -> str:
    return named(agent, SYSTEMS)


__all__ = ["browser_of", "system_of"]
