# ruff: noqa: E501, RUF001  # a table: one line a capability, weight and language
"""The words by which a prompt's wording tells what is being taken: a table to be reviewed, not code.

Each line is a capability, a weight in nats (the log of how many times likelier such a wording is for that capability
than for others) and cues separated by `|`. A cue matches at the begin of a word ("grad" finds "grading"); a cue that
ends with `.` must be the whole word, `_` stands for a space or a hyphen, `*` for up to three words. Cues in scripts
without spaces match anywhere. Accents and case are folded. All cues of one line count once.
"""

from __future__ import annotations

CUES: tuple[tuple[str, float, str], ...] = (
    # chain of thought: reasoning made visible
    ("chain_of_thought", 3.0, "chain_of_thought|step_by_step|internal_reason|inner_monolog|thinking_process|thought_process|scratchpad|think_aloud|think_out_loud|reasoning_trace|reasoning_step|train_of_thought|hidden_reason|deliberat|intermediate_step"),
    ("chain_of_thought", 2.0, "reasoning|reason_through|show * work.|show * reasoning|how you arriv|how you reach|walk * through|each step|every step|one step at a time|line of thought|derive|derivation|think carefully|think through|why you chose|before * answer|before giv|mental|thoughts.|work * out.|stages."),
    ("chain_of_thought", 1.2, "explain your|justify|logic.|logical|deduc|infer.|inference|proof|prove.|solve|equation|conclusion|think.|thinking|steps.|puzzle|theorem|riddle"),
    ("chain_of_thought", 3.0, "逐步|一步一步|思维链|推理过程|思考过程|内心|推理步骤|分步|思路|思維|推導|推导|段階的|ステップごと|ステップバイステップ|思考の過程|思考過程|推論過程|考え方の過程|順を追って|一歩ずつ|途中の考え|단계별|추론 과정"),
    ("chain_of_thought", 1.2, "推理|推論|思考|证明|解题|解答|論理"),
    ("chain_of_thought", 3.0, "paso a paso|razonamiento|cadena de pensamiento|proceso mental|pensamiento interno|шаг за шагом|пошагов|по шагам|рассужд|ход мысл|цепочк * мысл|размышл|raisonnement|etape par etape|pas a pas|schritt fur schritt|gedankengang|passo a passo|raciocinio"),
    # rubric grading: the model as a judge
    ("rubric_grading", 3.0, "rubric|grading|grader|reward model|marking scheme|scoring guide|judge * response|judge * answer|preference label|pairwise|likert|which * response is better|which * answer is better|score * answer|score * response|rate * response|rate * answer|evaluate * answer|evaluate * response|ground_truth"),
    ("rubric_grading", 2.0, "grade.|grades.|score.|scores.|scoring|rating|rate.|ranked|rank.|ranking|criteria|criterion|evaluator|examiner|judge|assess|marks.|out of ten|out of 10|out of five|out of 5|scale from|scale of|from 1 to|points.|better of|prefer|verdict|quality of"),
    ("rubric_grading", 1.0, "evaluat|feedback|compare.|strength|weakness|reference answer|candidate|submission|essay"),
    ("rubric_grading", 3.0, "评分标准|评分细则|打分|评判|评分|評分|评审|评委|採点|評価基準|点数を|得点|审分|优劣|채점|평가 기준"),
    ("rubric_grading", 1.2, "评价|评估|評価|评论哪|更好|比较两"),
    ("rubric_grading", 3.0, "rubrica|calific|puntua|evalua * respuesta|criterios|nota del|оцени|оценк|критери|балл|поставь|рубрик|bareme|notez|notation|bewert|punktzahl|avali|pontu"),
    # agentic coding: software written, changed and run
    ("agentic_coding", 3.0, "codebase|repository|pull_request|unit test|refactor|debug|stack_trace|traceback|failing test|test suite|compile|patch|git.|github|commit|dockerfile|bash.|shell command|terminal|pytest|ci pipeline|merge conflict|code review|source file|monorepo|segfault|legacy code|swe_bench"),
    ("agentic_coding", 2.0, "code.|coding|bug.|bugs.|function.|functions.|programm|script.|software|implement|algorithm|python|javascript|typescript|java.|rust.|golang|c++|kotlin|sql.|api endpoint|developer|regex|class.|module|library|runtime error|exception|edge case|diff."),
    ("agentic_coding", 2.8, "代码|编程|程序|函数|单元测试|重构|调试|仓库|报错|脚本|バグ|コード|プログラム|関数|リファクタ|テストを書|デバッグ|リポジトリ|스크립트|코드|함수"),
    ("agentic_coding", 2.8, "codigo|programa.|depura|funcion.|repositorio|pruebas unitarias|refactoriza|код.|кода.|коде.|функци|рефактор|отлад|репозитор|юнит|скрипт|программ|fonction|deboguer|depot.|quellcode|fehlerbehebung|funktion.|funcao"),
    # tool use: functions called, agents that act
    ("tool_use", 3.0, "tool_call|function_call|call * function|call * tool|use * tools|tool_use|available tools|json schema|tool.|tools.|mcp.|function signature|invoke|plugin|arguments for|browser action|web_search|call the api|api call|orchestrat|tool_selection|select the right tool|agent."),
    ("tool_use", 1.5, "agents.|agentic|endpoint|parameters|schema|browse|click|workflow|search engine|calendar|book a|look up|fetch|multi_turn|retriev|query the|calculator"),
    ("tool_use", 3.0, "工具|函数调用|调用|调用接口|智能体|插件|ツール|関数呼び出し|エージェント|を呼び出|도구"),
    ("tool_use", 3.0, "herramienta|llama a la|llamada a|инструмент|вызов|вызови|агент|outil|appel de fonction|werkzeug|ferrament"),
    # computer vision
    ("computer_vision", 3.0, "image|picture|photo|screenshot|bounding box|caption|visual|pixel|ocr.|diagram|scanned|depicted|in the frame|video|camera|segmentation|x_ray|object detection|drawing|handwritten|chart shown|figure shown|scene."),
    ("computer_vision", 1.2, "see here|shown|look at the|attached|chart|colour|color|objects."),
    ("computer_vision", 3.0, "图片|图像|照片|截图|图中|画面|看图|视频|边界框|画像|写真|スクリーンショット|図の中|映って|写って|이미지|사진"),
    ("computer_vision", 3.0, "imagen|fotografia|foto.|captura de pantalla|изображен|картин|фото|снимк|скриншот|рисун|bild.|bilder|aufnahme|imagem|figura"),
    # data analysis
    ("data_analysis", 3.0, "dataset|data_set|dataframe|spreadsheet|csv.|pandas|regression|correlation|outlier|statistic|pivot table|time_series|data analys|analyse * data|analyze * data|hypothesis test|confidence interval|histogram|quarterly|sales figure|anomal|excel"),
    ("data_analysis", 2.0, "average|median|variance|column|columns.|rows.|table.|trend|forecast|metrics|per group|aggregate|revenue|plot.|kpi|percentage|distribution|survey|figures.|data.|insight|dashboard|numbers."),
    ("data_analysis", 3.0, "数据集|数据分析|分析数据|表格|统计|回归|相关性|平均值|异常值|销售数据|データセット|データを分析|統計|回帰|平均|相関|表計算|売上|データ分析|데이터"),
    ("data_analysis", 3.0, "conjunto de datos|analiza los datos|hoja de calculo|estadistic|regresion|promedio|columna|tabla.|набор данных|анализ данных|проанализируй * данн|статистик|регресс|среднее|столбц|таблиц|datensatz|tabelle|mittelwert|donnees|tableau de|planilha|dados"),
    # rewriting so that safety holds, and answers to sensitive requests
    ("safety_rewrite", 3.0, "harmful|censor|politically sensitive|sensitive topic|policy_compliant|safe version|safer|safely|unsafe|toxic|refus|content policy|guideline|dissident|sanitiz|moderation|harmless|offensive|inappropriate|jailbreak|red_team|detoxif|disallowed|party leader|authoritarian"),
    ("safety_rewrite", 2.0, "safe.|safety|policy|sensitive|rewrite|rephrase|reword|neutral|polite|tone down|avoid mention|soften|alternative wording|violat|risky|risk.|taboo|controvers|acceptable"),
    ("safety_rewrite", 3.0, "敏感|安全的|有害|审查|合规|违规|拒绝回答|政治正确|过滤|脱敏|安全に|有害な|不適切|検閲|差し障り|ガイドライン|유해"),
    ("safety_rewrite", 1.5, "改写|重写|书き直|書き直|言い換え|委婉"),
    ("safety_rewrite", 3.0, "version segura|seguro.|segura.|danino|censur|ofensiv|inapropiad|безопасн|вредн|цензур|оскорб|токсич|недопустим|чувствительн|политик * безопасн|schadlich|unangemessen|dangereux|nuisible|inoffensif|prejudicial"),
    ("safety_rewrite", 1.2, "reescrib|reformul|перепиши|переформул|umschreib|reecri|umformulier"),
    # multilingual
    ("multilingual", 3.0, "translat|translation|bilingual|multilingual|localis|localiz|target language|source language|native speaker|interpreter|parallel corpus|low_resource language|transliterat|into english|into french|into german|into spanish|into chinese|into japanese|into korean|into arabic|into hindi|into russian|in both languages"),
    ("multilingual", 1.5, "english|french|german|spanish|chinese|japanese|korean|arabic|hindi|russian|portuguese|swahili|language.|languages.|dialect|idiom|grammar|mandarin|urdu|bengali|vietnamese|thai.|mother tongue"),
    ("multilingual", 3.0, "翻译|译成|译为|双语|中译英|英译中|译文|翻訳|英訳|和訳|に訳|แปล|번역|通訳|訳して"),
    ("multilingual", 3.0, "traduc|traduz|tradui|idioma|bilingue|перевед|перевод|переведи|двуязыч|на язык|ubersetz|traduire|auf deutsch|tradur|terjemah"),
    # role play
    ("roleplay", 3.0, "role_play|roleplay|pretend|act as|play the part|in character|persona.|stay in character|you are now|as if you were|impersonat|dungeon master|fictional character|game master|companion|girlfriend|boyfriend|improvis|take on the role|speak as|in the voice of"),
    ("roleplay", 1.5, "character.|story|fantasy|dialogue|scene in|villain|hero.|narrat|imagine you are|imagine you re|pirate|wizard|knight|adventure|detective|vampire|tavern|quest."),
    ("roleplay", 3.0, "角色扮演|扮演|假装|假裝|你现在是|以第一人称|人设|ロールプレイ|演じて|なりきって|役を|のふりを|のつもりで|역할극|인 척"),
    ("roleplay", 3.0, "juego de rol|interpreta el papel|interpreta a|actua como|finge|haz de.|personaje|hazte pasar|ролев|сыграй|притвор|в роли|от лица|представь, что ты|представь что ты|персонаж|rollenspiel|spiel die rolle|tu als ob|jeu de role|joue le role|fais semblant|interpreta o papel|finja"),
    # nothing in particular
    ("general", 1.5, "recipe|holiday|birthday|trip.|travel|weather|gift|movie|recommend|joke|poem|capital of|history of|who was|what is|where is|name for|email to|tips for"),
    ("general", 1.5, "菜谱|旅行|生日|天气|推荐|笑话|おすすめ|レシピ|天気|誕生日|receta|viaje|cumpleanos|рецепт|поездк|погод|подар"),
)  # fmt: skip

ENDPOINTS: tuple[tuple[str, float, str], ...] = (
    ("computer_vision", 2.0, "vision|image|video"),
    ("tool_use", 1.5, "tools|function|agent|assistants"),
    ("agentic_coding", 1.5, "code|completions/fim"),
    ("multilingual", 2.0, "translat"),
    ("rubric_grading", 1.5, "judge|evals|moderation"),
)
"""The same by the name of the endpoint that was called."""

LONG_OUTPUT = ("chain_of_thought", 0.7, 1500.0)
SHORT_OUTPUT = ("rubric_grading", 0.7, 40.0)
"""A capability, a weight, and the mean output tokens above (below) which it is added to what the words say."""
