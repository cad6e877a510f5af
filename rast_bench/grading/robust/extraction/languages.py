"""Phrases around a value in languages other than English."""

import re

_LETTER = (  # Cyrillic, Hebrew, Arabic, Indic, Thai, Japanese, Chinese, Korean
    r"[\u0400-\u052f\u0590-\u05ea\u0620-\u064a\u066e-\u06d3\u0750-\u08ff\u0904-\u0939\u093e-\u0963"
    r"\u0971-\u09e3\u0a05-\u0dff\u0e01-\u0e4e\u3005\u3040-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7a3]"
)
LETTER = re.compile(_LETTER)
"""A letter of a script not used in mathematics."""

UNIT = re.compile(rf"\s?{_LETTER}{{1,5}}(?!\s?{_LETTER})")
"""A word after a value that may be its unit: at most five characters, nothing follows it."""

SHORT = 8
"""Up to this many letters of those scripts may be a value with its unit; more are a sentence."""

PROSE = re.compile(
    r"(?<![\\\w])(?:donc|est|sont|était|aura|avoir|les|une?|nous|elle|ils?|soit|alors|coût|entonces|hay"
    r"|faut|reste(?:nt)?|está|quedan?|tiene|por|los|las|una|cada|ist|sind|hat|haben|also|gibt|daher|somit|folglich|wir|sich|das|der|die"
    r"|und|quindi|sono|dunque|della|che|portanto|logo|então|são|para|uma|é|è)(?![\w'’])",
    re.IGNORECASE,
)
"""Words that make a line in a language with Latin letters a sentence."""

CONCLUDES = re.compile(
    r"因此|所以|因而|综上|綜上|总之|總之|따라서|그러므로|したがって|従って|よって|ゆえに|इसलिए|अतः"
    r"|সুতরাং|অতএব|لذا|لذلك|وبالتالي|إذن"
    r"|\b(?:donc|par conséquent|en conclusion|por (?:lo )?tanto|por consiguiente|portanto|logo"
    r"|quindi|dunque|daher|somit|folglich|поэтому|следовательно|таким образом|значит|итак)\b",
    re.IGNORECASE,
)
"""Where a conclusion begins without a full stop before it."""

LEADS_TO = re.compile(
    rf"[^不非没]*?(?:[是为為得は则即]|等于|等於|所以|因此|равно|равен|:|：)\s{{0,3}}(?P<value>(?:(?!{_LETTER}).)+)"
)
"""A whole line whose letters of those scripts all come before its value."""

VERB = (
    r"(?:(?<!不)(?:是|为|為|等于|等於|得到|分到|还剩|剩下|需要|(?<!没)有)|\b(?:est|sont|sera|aura|es|son|será|tiene|ist|sind|beträgt|è"
    r"|sono|é|são|равн[оаы]|равен|составляет|составит|هو|هي|يساوي)\b(?!\s(?:pas|nicht|kein)\b))"
    r"\s{0,3}"
)

SCALED = re.compile(
    r"\s?(?:नहीं|না(?!\w)|[十百万萬億亿兆]|千(?![克米瓦卡])|分[之の]|분의|[倍折成多余餘几]|천|만|억|배|여\s|番目|(?<![%％])[的の의]|次方|次幂|乗|제곱"
    r"|тыс|млн|млрд|миллион|миллиард|раза?\b|ألف|آلاف|مليون|ملايين|مليار|أضعاف|हज़?ार|लाख|करोड़|गुना"
    r"|হাজার|লাখ|লক্ষ|কোটি|গুণ|(?:и(?:ли)?|или) (?:более|менее|больше|меньше)|أو (?:أكثر|أقل)|不是|не\b"
    rf"|{_LETTER}{{0,3}}(?:以上|以下|以内|以外|未満|이상|이하|미만|초과)"
    rf"|{_LETTER}{{0,3}}(?:では|じゃ)(?:な|あり)|{_LETTER}{{0,3}}[가이]?\s?아[니닙닌])"
    r"|\s(?:mil|mille|millones|millón|millions?|milliards?|milhões|milhão|milioni|miliardi|tausend"
    r"|millionen|milliarden|mio|mrd|fois|veces|vezes|volte|mal|(?:ou|o|oder)"
    r" (?:plus|moins|más|menos|mais|più|meno|mehr|weniger))\b",
    re.IGNORECASE,
)
"""Start of a text that changes the value before it ("3万" is 30,000)."""

AND = r"或者?|和|与|及|、|또는|または|और|या|أو|\b(?:et|ou|und|oder|y|и|или)\b"
"""Conjunctions between values."""

ATTACHED = re.compile(
    rf"(?:分[之の]|분의|百分之|в степени|\d\s?{_LETTER}{{0,4}}?\s?"
    r"(?:或者?|还是|還是|または|또는|이나|या|أو|到|至|から|에서|\b(?:ou|oder|или|до|bis|à|hasta|até)\b))\s?\Z"
)
"""End of a text that makes the number after it part of a fraction ("3分之1") or one of two values
("3只或5", "3到5")."""

BOUNDS = (
    r"(?:超过|超過|少于|少於|多于|多於|大于|大於|小于|小於|至少|至多|最多|最少|不到|低于|高于|除了"
    r"|之间|之間|以上|以下|以外|第\s?\d|步骤|不是|より|이상|이하|最低|最高)"
    r"|\b(?:(?:plus|moins) (?:de|que)|(?:más|menos) (?:de|que)|(?:mais|menos) d[eo]"
    r"|(?:mehr|weniger) als|(?:più|meno) di|больше|меньше|более|менее|между|кроме|не|entre|zwischen"
    r"|sauf|salvo|pas|nicht|keine?|أكثر|أقل|بين|ليس|ليست|अधिक|कम|नहीं)\b"
)
"""Words that change the only value of a clause ("moins de 7")."""

NOT = r"\b(?:no|non|nicht|não|не|n['’]est|ليس|ليست)\b"
"""A negation in an announcement of an answer."""

_NUMBER = r"\s{0,3}[-−+$]?[\d\ue000]"
DENIES = re.compile(
    r"(?:不是|不等于|不等於|并非|並非"
    r"|\b(?:n['’]est pas|ist nicht|no es|non è|não é|не|ليس|ليست)\b)"
    rf"{_NUMBER}|\d{_LETTER}{{0,3}}\s?(?:(?:では|じゃ)(?:な|あり)|[가이]?\s?아[니닙닌]|नहीं)",
    re.IGNORECASE,
)
"""A negated value ("不是5")."""

COMPOUND = re.compile(
    r"(?:小时|小時|时|時間?|点|點|分钟?|分鐘|年|月|米|公斤|千克|元|시간|시|분|час(?:а|ов)?|ч)(?:又|и)?\s?\Z"
)
"""Text between the parts of one quantity ("5小时30分钟")."""
