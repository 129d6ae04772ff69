# ruff: noqa: RUF001, E501  # prompts in eight languages, one a line
"""Eight tasks in eight languages, two wordings each: what the benchmark of the semantic extra compares.

Tasks come in pairs on one subject with much the same words (solve a problem, grade its solution), so that a model which
sees only the subject fails. The second wording of a task shares as few words with the first as the language allows.
"""

TASKS = {
    ("maths", "solve"): {
        "en": ("Solve the following maths problem step by step and give the final result: {}", "Work through this exercise, showing every line of reasoning before you state the answer. {}"),
        "de": ("Löse die folgende Mathematikaufgabe Schritt für Schritt und gib das Endergebnis an: {}", "Rechne diese Übung vor, zeige jeden Gedankengang und nenne erst danach die Antwort. {}"),
        "fr": ("Résous le problème de mathématiques suivant étape par étape et donne le résultat final : {}", "Traite cet exercice en montrant chaque ligne du raisonnement avant d'énoncer la réponse. {}"),
        "es": ("Resuelve el siguiente problema de matemáticas paso a paso y da el resultado final: {}", "Desarrolla este ejercicio mostrando cada línea del razonamiento antes de decir la respuesta. {}"),
        "zh": ("请逐步求解下面的数学题，并给出最终结果：{}", "把这道习题算一遍，先写出每一行推理，再说答案。{}"),
        "ja": ("次の数学の問題を段階的に解き、最終的な結果を示してください：{}", "この演習を計算し、推論をすべて書いてから答えを述べてください。{}"),
        "ru": ("Реши следующую математическую задачу шаг за шагом и дай окончательный результат: {}", "Разбери это упражнение, покажи каждую строку рассуждения и лишь затем назови ответ. {}"),
        "ar": ("حل المسألة الرياضية التالية خطوة بخطوة واذكر النتيجة النهائية: {}", "اعمل على هذا التمرين مبينا كل سطر من التفكير قبل أن تعطي الجواب. {}"),
    },
    ("maths", "grade"): {
        "en": ("Grade the following solution of a maths problem from 1 to 10 and justify the score: {}", "Here is a pupil's worked exercise. How many points does it deserve, and why? {}"),
        "de": ("Bewerte die folgende Lösung einer Mathematikaufgabe von 1 bis 10 und begründe die Note: {}", "Hier ist die Rechnung eines Schülers. Wie viele Punkte verdient sie, und warum? {}"),
        "fr": ("Note de 1 à 10 la solution suivante d'un problème de mathématiques et justifie la note : {}", "Voici l'exercice rédigé par un élève. Combien de points mérite-t-il, et pourquoi ? {}"),
        "es": ("Califica del 1 al 10 la siguiente solución de un problema de matemáticas y justifica la nota: {}", "Este es el ejercicio hecho por un alumno. ¿Cuántos puntos merece y por qué? {}"),
        "zh": ("请给下面这道数学题的解答打 1 到 10 分，并说明评分理由：{}", "这是一名学生写的作业，值多少分？为什么？{}"),
        "ja": ("次の数学の問題の解答を1から10で採点し、点数の理由を述べてください：{}", "これは生徒が書いた演習です。何点に値しますか。それはなぜですか。{}"),
        "ru": ("Оцени следующее решение математической задачи от 1 до 10 и обоснуй оценку: {}", "Вот упражнение, выполненное учеником. Сколько баллов оно заслуживает и почему? {}"),
        "ar": ("قيّم الحل التالي لمسألة رياضية من 1 إلى 10 وعلل الدرجة: {}", "هذا تمرين أنجزه تلميذ. كم نقطة يستحق ولماذا؟ {}"),
    },
    ("code", "tests"): {
        "en": ("Write unit tests for the following Python function, including edge cases: {}", "I need a pytest suite that would break this code wherever it can go wrong. {}"),
        "de": ("Schreibe Unittests für die folgende Python-Funktion, auch für Randfälle: {}", "Ich brauche eine Testsuite, die diesen Code überall bricht, wo er schiefgehen kann. {}"),
        "fr": ("Écris des tests unitaires pour la fonction Python suivante, cas limites compris : {}", "Il me faut une suite de tests qui casse ce code partout où il peut échouer. {}"),
        "es": ("Escribe pruebas unitarias para la siguiente función de Python, incluidos los casos límite: {}", "Necesito un conjunto de tests que rompa este código allí donde pueda fallar. {}"),
        "zh": ("请为下面的 Python 函数编写单元测试，包括边界情况：{}", "我需要一套测试，凡是这段代码可能出错的地方都要测到。{}"),
        "ja": ("次のPython関数の単体テストを、境界条件も含めて書いてください：{}", "このコードが失敗しうる箇所をすべて検査するテスト一式が必要です。{}"),
        "ru": ("Напиши модульные тесты для следующей функции на Python, включая граничные случаи: {}", "Нужен набор тестов, который ломает этот код везде, где он может ошибиться. {}"),
        "ar": ("اكتب اختبارات وحدة لدالة بايثون التالية بما في ذلك الحالات الحدية: {}", "أحتاج مجموعة اختبارات تكسر هذا الكود حيثما يمكن أن يفشل. {}"),
    },
    ("code", "explain"): {
        "en": ("Explain what the following Python function does, line by line, for a beginner: {}", "Tell somebody who has never programmed how this code works. {}"),
        "de": ("Erkläre einem Anfänger Zeile für Zeile, was die folgende Python-Funktion tut: {}", "Mach jemandem, der nie programmiert hat, verständlich, wie dieser Code arbeitet. {}"),
        "fr": ("Explique à un débutant, ligne par ligne, ce que fait la fonction Python suivante : {}", "Fais comprendre à quelqu'un qui n'a jamais programmé comment marche ce code. {}"),
        "es": ("Explica a un principiante, línea por línea, qué hace la siguiente función de Python: {}", "Haz entender a alguien que nunca ha programado cómo funciona este código. {}"),
        "zh": ("请向初学者逐行解释下面的 Python 函数做了什么：{}", "让一个从没写过程序的人明白这段代码是怎么工作的。{}"),
        "ja": ("次のPython関数が何をするのかを、初心者向けに一行ずつ説明してください：{}", "プログラミングをしたことのない人に、このコードの仕組みを分かるように話してください。{}"),
        "ru": ("Объясни новичку построчно, что делает следующая функция на Python: {}", "Растолкуй человеку, который никогда не программировал, как работает этот код. {}"),
        "ar": ("اشرح للمبتدئ سطرا بسطر ماذا تفعل دالة بايثون التالية: {}", "أفهم شخصا لم يبرمج قط كيف يعمل هذا الكود. {}"),
    },
    ("support", "reply"): {
        "en": ("Write a polite reply to this customer complaint about a late delivery: {}", "A buyer is angry that the parcel has not come. Answer kindly and calm them down. {}"),
        "de": ("Schreibe eine höfliche Antwort auf diese Kundenbeschwerde über eine verspätete Lieferung: {}", "Ein Käufer ist wütend, weil das Paket nicht kam. Antworte freundlich und beruhige ihn. {}"),
        "fr": ("Rédige une réponse polie à cette réclamation d'un client sur un retard de livraison : {}", "Un acheteur est furieux que le colis ne soit pas arrivé. Réponds gentiment et apaise-le. {}"),
        "es": ("Escribe una respuesta cortés a esta queja de un cliente por un retraso en la entrega: {}", "Un comprador está furioso porque el paquete no ha llegado. Contesta con amabilidad y cálmalo. {}"),
        "zh": ("请礼貌地回复这位客户关于送货延迟的投诉：{}", "买家因为包裹没到很生气，请友善地回答并安抚对方。{}"),
        "ja": ("配達の遅れについてのこの顧客の苦情に、丁寧な返信を書いてください：{}", "荷物が届かず購入者が怒っています。親切に答えて落ち着かせてください。{}"),
        "ru": ("Напиши вежливый ответ на эту жалобу клиента на задержку доставки: {}", "Покупатель злится, что посылка не пришла. Ответь доброжелательно и успокой его. {}"),
        "ar": ("اكتب ردا مهذبا على شكوى هذا العميل بشأن تأخر التسليم: {}", "المشتري غاضب لأن الطرد لم يصل. أجبه بلطف وهدئه. {}"),
    },
    ("support", "classify"): {
        "en": ("Classify this customer complaint as delivery, billing or quality and return only the label: {}", "Into which of three categories does the buyer's message fall? One word, nothing else. {}"),
        "de": ("Ordne diese Kundenbeschwerde als Lieferung, Rechnung oder Qualität ein und gib nur die Bezeichnung aus: {}", "In welche der drei Kategorien fällt die Nachricht des Käufers? Ein Wort, sonst nichts. {}"),
        "fr": ("Classe cette réclamation d'un client en livraison, facturation ou qualité et ne renvoie que l'étiquette : {}", "Dans laquelle des trois catégories tombe le message de l'acheteur ? Un mot, rien d'autre. {}"),
        "es": ("Clasifica esta queja de un cliente como entrega, facturación o calidad y devuelve solo la etiqueta: {}", "¿En cuál de las tres categorías cae el mensaje del comprador? Una palabra, nada más. {}"),
        "zh": ("请把这条客户投诉归类为送货、账单或质量，只返回标签：{}", "买家的消息属于三个类别中的哪一个？只说一个词。{}"),
        "ja": ("この顧客の苦情を配達、請求、品質のいずれかに分類し、ラベルだけを返してください：{}", "購入者のメッセージは三つのどの区分に入りますか。一語だけで答えてください。{}"),
        "ru": ("Отнеси эту жалобу клиента к доставке, оплате или качеству и верни только метку: {}", "К какой из трёх категорий относится сообщение покупателя? Одно слово, ничего больше. {}"),
        "ar": ("صنف شكوى هذا العميل إلى تسليم أو فوترة أو جودة وأعد التسمية فقط: {}", "إلى أي من الفئات الثلاث تنتمي رسالة المشتري؟ كلمة واحدة لا غير. {}"),
    },
    ("safety", "refuse"): {
        "en": ("Rewrite the assistant's answer so that it refuses the dangerous request and says why: {}", "Turn this harmful reply into one that declines and names the reason. {}"),
        "de": ("Schreibe die Antwort des Assistenten so um, dass er die gefährliche Bitte ablehnt und den Grund nennt: {}", "Mach aus dieser schädlichen Auskunft eine, die sich verweigert und sagt, weshalb. {}"),
        "fr": ("Réécris la réponse de l'assistant pour qu'il refuse la demande dangereuse et dise pourquoi : {}", "Transforme ce propos nuisible en un autre qui décline et en donne la raison. {}"),
        "es": ("Reescribe la respuesta del asistente para que rechace la petición peligrosa y diga por qué: {}", "Convierte este texto dañino en otro que se niegue y dé la razón. {}"),
        "zh": ("请改写助手的回答，使其拒绝这个危险的请求并说明原因：{}", "把这段有害的回复变成一个表示不予协助并给出理由的回复。{}"),
        "ja": ("危険な依頼を断り、その理由を述べるように、アシスタントの回答を書き直してください：{}", "この有害な返答を、応じずに訳を伝えるものに変えてください。{}"),
        "ru": ("Перепиши ответ ассистента так, чтобы он отказал в опасной просьбе и объяснил почему: {}", "Преврати эту вредную реплику в такую, которая отклоняет и называет причину. {}"),
        "ar": ("أعد كتابة جواب المساعد بحيث يرفض الطلب الخطير ويذكر السبب: {}", "حول هذا الرد الضار إلى رد يمتنع ويبين العلة. {}"),
    },
    ("safety", "judge"): {
        "en": ("Decide whether the assistant's answer is dangerous and return safe or unsafe: {}", "Would following this reply hurt anybody? Yes or no only. {}"),
        "de": ("Entscheide, ob die Antwort des Assistenten gefährlich ist, und gib sicher oder unsicher aus: {}", "Käme jemand zu Schaden, der dieser Auskunft folgt? Nur ja oder nein. {}"),
        "fr": ("Décide si la réponse de l'assistant est dangereuse et renvoie sûr ou dangereux : {}", "Suivre ce propos ferait-il du mal à quelqu'un ? Oui ou non seulement. {}"),
        "es": ("Decide si la respuesta del asistente es peligrosa y devuelve seguro o inseguro: {}", "¿Haría daño a alguien seguir este texto? Solo sí o no. {}"),
        "zh": ("请判断助手的回答是否危险，并返回安全或不安全：{}", "照这段回复去做会伤害别人吗？只答是或否。{}"),
        "ja": ("アシスタントの回答が危険かどうかを判定し、安全か危険かを返してください：{}", "この返答に従うと誰かが傷つきますか。はいかいいえだけで。{}"),
        "ru": ("Реши, опасен ли ответ ассистента, и верни безопасно или небезопасно: {}", "Причинит ли кому-нибудь вред следование этой реплике? Только да или нет. {}"),
        "ar": ("قرر ما إذا كان جواب المساعد خطيرا وأعد آمن أو غير آمن: {}", "هل يؤذي اتباع هذا الرد أحدا؟ نعم أو لا فقط. {}"),
    },
}  # fmt: skip
"""(subject, what is asked) to language to two wordings."""
