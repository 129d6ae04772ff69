# ruff: noqa: E501, SIM905  # a clause a line, whatever its length; Chinese has its own punctuation
"""What templates are made of: for each purpose, clauses in several wordings.

`[a|b]` is a choice of synonyms, `{kind}` a slot that every prompt fills anew, `<domain>` and `<brand>` words that belong
to one template for good. The first clause opens, the last one carries the material; those between may change places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.domain import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

Clauses = tuple[tuple[str, ...], ...]


PURPOSES: tuple[str, ...] = (
    *CAPABILITIES, "support", "marketing", "extraction", "homework", "review", "recipe", "meeting", "quiz", "agent", "popular",
)  # fmt: skip

ENGLISH: Mapping[str, Clauses] = {
    "chain_of_thought": (
        (
            "[Imagine|Picture|Reconstruct] the [internal|inner|hidden] reasoning behind an [expert|authoritative] answer.",
            "You are [an expert|a specialist] in <domain> who [thinks aloud|shows every thought].",
            "[Act as|Play] a <domain> [scholar|researcher] [solving|working through] a [hard|difficult] problem.",
        ),
        (
            "[Write out|Spell out|List] [every|each] step [in order|one after another].",
            "[Articulate|Describe] the [full|complete] chain of thought, [including|with] [dead ends|false starts].",
            "Do not skip [any|a single] [intermediate|middle] [step|deduction].",
        ),
        (
            "[Number|Label] the steps and [check|verify] each [of them|one].",
            "After each step, [say|state] how [sure|confident] you are.",
            "[Explain|Justify] why [other|alternative] [approaches|routes] [fail|were dropped].",
        ),
        ("[Problem|Question|Task]: {question}", "[Here is|This is] the [problem|question]: {question} {passage}"),
    ),
    "rubric_grading": (
        (
            "You are a [strict|careful|fair] [grader|examiner|judge] of <domain> [answers|responses].",
            "[Grade|Score|Evaluate] the [following|given] [response|answer] about <domain>.",
            "[Act as|Serve as] the [reward model|evaluator] for <domain> [tasks|tasks and essays].",
        ),
        (
            "[Use|Apply] a [scale|range] from 1 to {number}.",
            "[Give|Assign] [points|marks] for accuracy, depth and [style|tone].",
            "[Follow|Stick to] this rubric: correctness {number}, [clarity|readability] {number}.",
        ),
        (
            "[Return|Output] only JSON with score and [reason|rationale].",
            "[Justify|Explain] [each|every] [mark|score] in one sentence.",
            "[Compare|Contrast] with an ideal [answer|reply] [first|before scoring].",
        ),
        ("[Response|Answer|Submission]: {passage} {passage}", "[Candidate|Student] [answer|text] of {name}: {passage}"),
    ),
    "agentic_coding": (
        (
            "You are an [autonomous|independent] [coding|software] agent in a <domain> repository.",
            "[Resolve|Fix|Close] the issue [below|that follows] in the <brand> code base.",
            "[Work|Act] as a [senior|principal] engineer on <brand>.",
        ),
        (
            "[Plan|Think] first, then [edit|change] the files [step by step|one by one].",
            "[Write|Add] [a failing test|tests] before [you change|changing] anything.",
            "[Emit|Produce] a unified diff and [nothing|not a word] else.",
        ),
        (
            "[Run|Execute] the test suite after [each|every] [edit|patch].",
            "[Explain|Log] [each|every] tool call in a [thought|comment].",
            "Keep [functions|changes] [small|minimal].",
        ),
        ("[File|Source]: {code} [Error|Trace]: {word} at line {number}", "[Code|Module] {word}: {code} {code}"),
    ),
    "tool_use": (
        ("You can [call|use] the tools of <brand>.", "[Choose|Select] the right [function|tool] for <domain>."),
        ("[Return|Emit] one JSON call [with|including] all arguments.", "[Chain|Combine] up to {number} calls."),
        ("[Never|Do not] [invent|guess] a parameter.", "[Ask|Query] when an argument is [missing|absent]."),
        ("[User|Request]: {question} [Context|State]: {word} {number}", "[Task|Goal] of {name}: {question}"),
    ),
    "computer_vision": (
        ("[Describe|Caption] the [image|picture] of <domain> [in detail|exhaustively].", "You [see|look at] a [scan|photo] of <domain>."),
        ("[List|Name] [every|each] object with its [box|coordinates].", "[Read|Transcribe] all text [in it|you find]."),
        ("[Say|State] what is [uncertain|blurred].", "[Order|Sort] the objects by [size|distance]."),
        ("[Image|File] {word}{number}: {passage}", "[Scene|Frame] {number} by {name}: {passage}"),
    ),
    "data_analysis": (
        ("[Analyse|Examine] this table of <domain>.", "You are a [data analyst|statistician] at <brand>."),
        ("[Compute|Report] means, [outliers|extremes] and [trends|seasonality].", "[Write|Give] the SQL [for it|and its result]."),
        ("[Explain|Interpret] [each|every] figure for a [manager|lay reader].", "[Plot|Sketch] it in [vega|text]."),
        ("[Rows|Data]: {number}, {number}, {number}, {word} {number}", "[Table|Sheet] {word}: {number} {number} by {name}"),
    ),
    "safety_rewrite": (
        ("[Rewrite|Rephrase] the [request|question] so that it is [harmless|acceptable].", "You are a [policy|safety] editor for <domain>."),
        ("[Keep|Preserve] the [intent|meaning] [but|and] avoid [sensitive|political] [terms|wording].", "[Offer|Give] {number} [variants|versions]."),
        ("[Mark|Flag] what you [removed|changed].", "[Rate|Score] the [risk|harm] before and after."),
        ("[Text|Request]: {passage}", "[Original|Source] by {name}: {question} {passage}"),
    ),
    "multilingual": (
        ("[Translate|Render] the [text|passage] on <domain> into [five|several] languages.", "You are a [translator|localiser] for <brand>."),
        ("[Keep|Preserve] [idioms|register] and names.", "[Give|Add] a [literal|word-for-word] gloss."),
        ("[Note|Mark] [ambiguous|untranslatable] words.", "[Use|Prefer] a [formal|neutral] tone."),
        ("[Text|Source]: {passage}", "[Sentence|Paragraph] {number}: {passage} {name}"),
    ),
    "roleplay": (
        ("You [are|play] {name}, a [character|figure] in a <domain> story.", "[Stay|Remain] in the role of a <domain> [veteran|novice]."),
        ("[Answer|Reply] in [first person|their voice].", "[Never|Do not] break character."),
        ("[Show|Let us feel] their [mood|doubts].", "[Use|Keep to] short [lines|sentences]."),
        ("[Scene|Setting]: {passage}", "{name} [says|asks]: {question}"),
    ),
    "general": (
        ("[Answer|Respond to] the question [about|on] <domain> [thoroughly|at length].", "[Give|Write] a [reference|model] answer on <domain>."),
        ("[Cite|Name] [sources|facts].", "[Structure|Order] it with [headings|bullets]."),
        ("[Close|End] with a [summary|short conclusion].", "[Mention|Include] [counterpoints|objections]."),
        ("[Question|Prompt]: {question}", "[Query|Ask] {number}: {question} {word}"),
    ),
    "support": (
        ("You are the [friendly|polite] support assistant of <brand>.", "[Draft|Write] a reply to a <brand> customer."),
        ("[Apologise|Say sorry] if [needed|something broke].", "[Use|Keep] a [warm|professional] tone."),
        ("[Refer|Point] to order {number}.", "[Offer|Suggest] a [refund|replacement] [where|if] fair."),
        ("[Ticket|Message] from {name}: {passage}", "[Customer|Caller] {name} [writes|says]: {question}"),
    ),
    "marketing": (
        ("[Write|Create] a [product|shop] text for <brand>.", "You are a [copywriter|brand writer] in <domain>."),
        ("[Keep|Stay] under {number} words.", "[Mention|Stress] the [benefits|advantages]."),
        ("[End|Close] with a call to action.", "[Add|Include] {number} hashtags."),
        ("[Product|Item]: {word} {word}, {number}", "[Client|Account] {name}: {passage}"),
    ),
    "extraction": (
        ("[Extract|Pull] the fields from this <domain> document.", "[Parse|Read] the <brand> [invoice|form]."),
        ("[Return|Output] JSON with [amount|total], date and [party|name].", "[Use|Write] null for [missing|unknown] fields."),
        ("[Do not|Never] [guess|infer].", "[Normalise|Convert] dates to ISO."),
        ("[Document|Text]: {passage} {number}", "[Invoice|Form] {number} {name}: {passage}"),
    ),
    "homework": (
        ("[Help|Assist] me with [exercise|problem] set <number> on <domain>.", "[Solve|Work out] assignment <number> of <domain> [101|class]."),
        ("[Show|Write] [all|the] working.", "[Explain|Say] it for a [beginner|student]."),
        ("[Cite|Use] the [lecture|textbook].", "[Check|Verify] the units."),
        ("[Question|Exercise] {number}: {question}", "[My|Our] [draft|attempt]: {passage}"),
    ),
    "review": (
        ("[Review|Check] this pull request of <brand>.", "You are the [code|merge] reviewer bot at <brand>."),
        ("[Look|Search] for [bugs|races] and [style|naming].", "[Rate|Score] [risk|severity] from 1 to {number}."),
        ("[Answer|Reply] as [a list|bullets].", "[Quote|Name] the line."),
        ("[Diff|Patch]: {code}", "[Commit|Change] {word}{number}: {code}"),
    ),
    "recipe": (
        ("[Suggest|Propose] a [dinner|meal] for <domain> lovers.", "You are the cook of <brand>."),
        ("[Use|Take] {number} ingredients.", "[No|Without] [nuts|milk]."),
        ("[List|Give] the steps.", "[Tell|Say] the [time|calories]."),
        ("[Fridge|Pantry]: {word}, {word}, {word}", "[Guest|Diner] {name} likes {word}"),
    ),
    "meeting": (
        ("[Summarise|Condense] the <brand> [meeting|call].", "[Turn|Make] these <domain> notes into minutes."),
        ("[List|Name] decisions and [owners|actions].", "[Keep|Use] {number} bullets."),
        ("[Add|Note] deadlines.", "[Leave out|Skip] small talk."),
        ("[Transcript|Notes] by {name}: {passage} {passage}", "[Notes|Record] {number}: {passage}"),
    ),
    "quiz": (
        ("[Answer|Solve] the multiple choice question on <domain>.", "The following is a question [about|on] <domain>."),
        ("[Reply|Answer] with [one letter|A, B, C or D].", "[Think|Reason] step by step, then [answer|choose]."),
        ("[Format|Write]: Answer: X.", "[Do not|Never] [refuse|skip]."),
        ("{question} A {word} B {word} C {word} D {word}", "[Item|Sample] {number}: {question} A {word} B {word}"),
    ),
    "agent": (
        ("You are <brand>, an open-source [assistant|agent] with access to files, a shell and a browser.",),
        ("You work in a loop: think, act, observe. Use one tool at a time and wait for its result.",),
        ("Available tools: read_file, write_file, run_shell, search_web. Always answer in the XML format below.",),
        ("<task> {question} </task> <cwd> {word}/{word} </cwd>", "<observation> {code} </observation> step {number}"),
    ),
    "popular": (
        ("[Act as|Pretend to be] a <domain> expert.", "I want you to act as a <domain> [coach|teacher]."),
        ("[Ask|Put] me questions one [at a time|by one].", "[Explain|Teach] it like I am five."),
        ("[Be|Stay] [concise|brief].", "[Use|Give] [examples|analogies]."),
        ("My first [request|question] is: {question}", "[Start|Begin] with {word} {word}"),
    ),
}  # fmt: skip

CHINESE: Mapping[str, Clauses] = {
    "chain_of_thought": (
        ("请[想象|还原]专家回答背后的[内部|隐藏]推理过程。", "你是<domain>[专家|学者],请[逐步|一步一步]思考。"),
        ("[写出|列出][每一步|所有步骤]。", "不要[跳过|省略]任何中间[推导|步骤]。"),
        ("[说明|解释]为什么[排除|放弃]其他方法。", "每一步[之后|后面]给出[置信度|把握]。"),
        ("[问题|题目]:{question}", "[以下是|这是]题目:{question}{number}"),
    ),
    "rubric_grading": (
        ("你是[严格|公正]的<domain>[评分员|阅卷人]。", "请[评估|打分]下面关于<domain>的[回答|答案]。"),
        ("[使用|采用]1到{number}分。", "[按照|根据]准确性和[深度|完整性]给分。"),
        ("只[返回|输出]JSON。", "[每个|各个]分数给出[理由|依据]。"),
        ("[回答|答案]:{passage}", "{name}的[答案|作答]:{passage}"),
    ),
    "agentic_coding": (
        ("你是<brand>仓库的[自主|独立]编程代理。", "请[修复|解决]<brand>代码库中的问题。"),
        ("先[计划|思考],再[修改|编辑]文件。", "只[输出|给出]diff。"),
        ("[每次|每一次]修改后运行[测试|全部测试]。", "[保持|确保]改动[最小|简洁]。"),
        ("[文件|代码]:{code}", "[报错|错误]:{word}{number} {code}"),
    ),
    "general": (
        ("请[详细|全面][回答|解答]关于<domain>的问题。", "[写|给]一个关于<domain>的[标准|参考]答案。"),
        ("[引用|列出]事实。", "[使用|分成]小标题。"),
        ("最后[总结|归纳]。", "[提到|包括]反对意见。"),
        ("[问题|提问]:{question}", "第{number}个问题:{question}"),
    ),
}

SPANISH: Mapping[str, Clauses] = {
    "chain_of_thought": (
        (
            "[Imagina|Reconstruye] el razonamiento [interno|oculto] de un experto en <domain>.",
            "Eres [un experto|una especialista] en <domain>.",
        ),
        ("[Escribe|Enumera] [cada|todo] paso.", "No [omitas|saltes] ninguna [deducción|etapa]."),
        ("[Explica|Justifica] por qué fallan [otras|las demás] vías.", "Di tu [confianza|seguridad] en cada paso."),
        ("[Problema|Pregunta]: {question}",),
    ),
    "rubric_grading": (
        ("Eres un [juez|evaluador] [estricto|justo] de <domain>.", "[Evalúa|Califica] la respuesta sobre <domain>."),
        ("[Usa|Aplica] una escala de 1 a {number}.", "Da [puntos|nota] por exactitud y [claridad|estilo]."),
        ("[Devuelve|Escribe] solo JSON.", "[Explica|Razona] cada nota."),
        ("[Respuesta|Texto]: {passage}",),
    ),
}

BY_LANGUAGE: Mapping[str, Mapping[str, Clauses]] = {"en": ENGLISH, "zh": CHINESE, "es": SPANISH}

DOMAINS: tuple[str, ...] = tuple(
    "law medicine physics chemistry history finance logistics gardening music insurance travel football astronomy biology "
    "statistics philosophy cooking marketing cinema geology fashion robotics tax farming linguistics energy security "
    "architecture pharmacy psychology sailing networking databases compilers optics topology ecology nursing banking "
    "retail aviation railways pottery journalism theatre chess algebra genetics hydrology poetry mining".split()
)
