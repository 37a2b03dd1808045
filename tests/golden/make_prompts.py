"""What the reference does to a prompt before tokenizing it: prompts.json, pairs of [prompt, cleaned].

"text" holds what people type. "repair" holds text that was once decoded wrongly and that ftfy guesses back.

Run:  python tests/golden/make_prompts.py
"""

import json

from reference import FOLDER

from diffusers.pipelines.wan.pipeline_wan import prompt_clean

PROMPTS = [
    "a red cat", "  two   spaces \t tab\nline  ", "", " ", "\r\n a\r\nb\rc ",
    "一只猫，在草地上！真的？", "全角（括号）：ＡＢＣ１２３；～", "中文。句号、顿号《书》“引号”‘单’",
    "ideographic\u3000space", "no\u00a0break\u2003em\u200bzero\ufeffbom", "thin\u2009space\u202fnarrow",
    "“curly” ‘quotes’ it’s ―dash—em–en…", "ﬁne ﬂow oﬀ oﬃce ﬆ", "cafe\u0301 \u00e9 A\u030a",
    "&lt;b&gt; &amp;amp; &quot;x&quot; &#39;y&#39; &eacute; &nbsp;z", "a < b & c &lt; d", "&amp;lt;", "&bogus; &#x4e00;",
    "\u001b[31mred\u001b[0m bell\u0007 del\u007f",
    "emoji 😀 family 👨\u200d👩\u200d👧 flag 🇨🇳", "ｶﾞｷﾞ 半角", "\u2028line\u2029paragraph", "soft\u00adhyphen",
    "½ × 3² ™ ℡ ㎏ Ⅳ ①", "한국어 각", "tab\u000bvertical\u000cform", "\u202ertl\u202c \u200elrm", "Ω Å K",
]  # fmt: skip

REPAIR = [
    "schÃ¶n cafÃ©", "â€œmojibakeâ€\u009d itâ€™s", "ä¸\u00adæ\u2013‡", "c1\u0085control",
]  # fmt: skip

if __name__ == "__main__":
    lists = {"text": PROMPTS, "repair": REPAIR}
    pairs = {name: [[prompt, prompt_clean(prompt)] for prompt in prompts] for name, prompts in lists.items()}
    (FOLDER / "prompts.json").write_text(json.dumps(pairs, indent=1) + "\n")
