# ruff: noqa: E501, RUF001  # a table of words in many languages
"""Words that carry no meaning of their own: sharing them does not make two prompts copies of one template."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.ingest.templates.tokens import normalise, spans

if TYPE_CHECKING:
    import numpy as np

_COMMON = """
a an the this that these those it its is are was were be been being am do does did done doing have has had having
i me my mine we us our you your yours he him his she her they them their who what which when where why how
and or but if then so as at by for from in into of off on onto out over to up with without about after before between
can could will would shall should may might must not no yes dont don t s m re ve ll d im
please help need want like give get got make let know tell show hi hello hey thanks thank dear ok okay just some any
there here more most very also too only than same other such one two something anything everything
write create make find use using work works explain best way ways difference good better new short idea ideas example
am having trouble problem question looking trying
por favor ayuda ayudame puedes podrias quiero necesito el la los las un una unos unas de del y o en con que como para
es son mi tu su me te se lo al hola gracias
s il vous plaît pouvez peux tu je veux besoin le les des du et ou dans avec pour que qui est sont mon ma mes ton ta une
bonjour merci aide aider moi nous
bitte hilf hilfe mir ich du sie wir der die das ein eine einen einem und oder in im mit für von zu zum zur ist sind kannst
können möchte brauche wie was hallo danke bei
пожалуйста помоги помогите мне мы вы ты я он она они и или в во на с со для по к у о об что как это не да нет можешь
можете хочу нужно привет здравствуйте спасибо мой моя мои
favor ajuda ajude pode você quero preciso o os as um uma uns e em com como são meu minha seu sua olá obrigado
请 帮 我 你 您 的 了 是 在 一 个 个 这 那 和 与 或 吗 呢 吧 啊 想 要 能 可 以 不 有 他 她 们 好 谢 下 么 什 怎 样 给 把 对 就 都 也 会 到 助 忙
を に は が の と で も へ や か て し た い す ま せ ん な る れ ら さ く だ こ そ あ ど う よ ね お 下 願 り き け え
ช ว ย ผ ม ฉ น ข อ ค ะ ร บ ท ไ ด ก า เ แ โ ใ
"""
_CODE = """
def class return self __init__ int for while if else elif const let var function async await import select from where
print range public static void string new null none true false lambda try except catch throw i j k x y n args kwargs
float char bool struct include std cout fn mut pub use impl func package end begin then echo fi do done insert values
join group order limit python java javascript js sql html css div span json bash sh
"""


def common_tokens(seed: np.uint64) -> frozenset[int]:
    """Return the numbers that the tokeniser gives to these words and to the keywords of programs."""
    text = normalise(pa.array([_COMMON + _CODE])).to_pylist()[0]
    return frozenset(spans(text, seed)[0].tolist())
