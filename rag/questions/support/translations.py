"""Five short sentences in many languages: what an encoder that knows a language takes for the same as their English."""

import re
from functools import cache

ENGLISH = (
    "My dog barks all night.",
    "Who pays for the broken window?",
    "She has forgotten her keys.",
    "The bread is too expensive.",
    "We need more time.",
)

_TRANSLATED = """
arabic: كلبي ينبح طوال الليل. | من يدفع ثمن النافذة المكسورة؟ | لقد نسيت مفاتيحها. | الخبز غالي الثمن جدا. |
    نحتاج إلى مزيد من الوقت.
armenian: Իմ շունը հաչում է ամբողջ գիշեր։ | Ո՞վ է վճարում կոտրված պատուհանի համար։ | Նա մոռացել է իր բանալիները։ |
    Հացը շատ թանկ է։ | Մեզ ավելի շատ ժամանակ է պետք։
bengali: আমার কুকুর সারা রাত ঘেউ ঘেউ করে। | ভাঙা জানালার জন্য কে টাকা দেয়? | সে তার চাবি ভুলে গেছে। | রুটি খুব দামি। |
    আমাদের আরও সময় দরকার।
bulgarian: Кучето ми лае цяла нощ. | Кой плаща за счупения прозорец? | Тя си е забравила ключовете. |
    Хлябът е твърде скъп. | Трябва ни повече време.
catalan: El meu gos borda tota la nit. | Qui paga la finestra trencada? | Ella ha oblidat les claus. |
    El pa és massa car. | Necessitem més temps.
chinese: 我的狗整夜叫。 | 谁来付打破的窗户的钱？ | 她忘了带钥匙。 | 面包太贵了。 | 我们需要更多时间。
croatian: Moj pas laje cijelu noć. | Tko plaća razbijeni prozor? | Zaboravila je ključeve. | Kruh je preskup. |
    Trebamo više vremena.
czech: Můj pes štěká celou noc. | Kdo zaplatí rozbité okno? | Zapomněla si klíče. | Chléb je příliš drahý. |
    Potřebujeme více času.
danish: Min hund gør hele natten. | Hvem betaler for den knuste rude? | Hun har glemt sine nøgler. |
    Brødet er for dyrt. | Vi har brug for mere tid.
dutch: Mijn hond blaft de hele nacht. | Wie betaalt het gebroken raam? | Ze is haar sleutels vergeten. |
    Het brood is te duur. | We hebben meer tijd nodig.
estonian: Mu koer haugub terve öö. | Kes maksab katkise akna eest? | Ta unustas oma võtmed. | Leib on liiga kallis. |
    Me vajame rohkem aega.
finnish: Koirani haukkuu koko yön. | Kuka maksaa rikkoutuneen ikkunan? | Hän on unohtanut avaimensa. |
    Leipä on liian kallista. | Tarvitsemme lisää aikaa.
french: Mon chien aboie toute la nuit. | Qui paie la fenêtre cassée ? | Elle a oublié ses clés. |
    Le pain est trop cher. | Il nous faut plus de temps.
georgian: ჩემი ძაღლი მთელი ღამე ყეფს. | ვინ იხდის გატეხილი ფანჯრისთვის? | მას გასაღებები დაავიწყდა. |
    პური ძალიან ძვირია. | ჩვენ მეტი დრო გვჭირდება.
german: Mein Hund bellt die ganze Nacht. | Wer bezahlt das zerbrochene Fenster? | Sie hat ihre Schlüssel vergessen. |
    Das Brot ist zu teuer. | Wir brauchen mehr Zeit.
greek: Ο σκύλος μου γαβγίζει όλη νύχτα. | Ποιος πληρώνει για το σπασμένο παράθυρο; | Ξέχασε τα κλειδιά της. |
    Το ψωμί είναι πολύ ακριβό. | Χρειαζόμαστε περισσότερο χρόνο.
hebrew: הכלב שלי נובח כל הלילה. | מי משלם על החלון השבור? | היא שכחה את המפתחות שלה. | הלחם יקר מדי. |
    אנחנו צריכים עוד זמן.
hindi: मेरा कुत्ता सारी रात भौंकता है। | टूटी हुई खिड़की के पैसे कौन देगा? | वह अपनी चाबियाँ भूल गई है। |
    रोटी बहुत महँगी है। | हमें और समय चाहिए।
hungarian: A kutyám egész éjjel ugat. | Ki fizeti a betört ablakot? | Elfelejtette a kulcsait. | A kenyér túl drága. |
    Több időre van szükségünk.
indonesian: Anjing saya menggonggong sepanjang malam. | Siapa yang membayar jendela yang pecah? | Dia lupa kuncinya. |
    Roti itu terlalu mahal. | Kami butuh lebih banyak waktu.
italian: Il mio cane abbaia tutta la notte. | Chi paga la finestra rotta? | Lei ha dimenticato le chiavi. |
    Il pane è troppo caro. | Abbiamo bisogno di più tempo.
japanese: 私の犬は一晩中吠えます。 | 割れた窓の代金は誰が払いますか？ | 彼女は鍵を忘れました。 | パンが高すぎます。 |
    もっと時間が必要です。
korean: 우리 개는 밤새 짖는다. | 깨진 창문 값은 누가 내나요? | 그녀는 열쇠를 잊어버렸다. | 빵이 너무 비싸다. |
    우리는 시간이 더 필요하다.
latvian: Mans suns rej visu nakti. | Kas maksās par izsisto logu? | Viņa aizmirsa savas atslēgas. |
    Maize ir pārāk dārga. | Mums vajag vairāk laika.
lithuanian: Mano šuo loja visą naktį. | Kas moka už išdaužtą langą? | Ji pamiršo savo raktus. | Duona per brangi. |
    Mums reikia daugiau laiko.
persian: سگ من تمام شب پارس می‌کند. | چه کسی پول پنجره شکسته را می‌دهد؟ | او کلیدهایش را فراموش کرده است. |
    نان خیلی گران است. | ما به زمان بیشتری نیاز داریم.
polish: Mój pies szczeka całą noc. | Kto płaci za wybite okno? | Zapomniała kluczy. | Chleb jest za drogi. |
    Potrzebujemy więcej czasu.
portuguese: O meu cão ladra a noite toda. | Quem paga a janela partida? | Ela esqueceu-se das chaves. |
    O pão é caro demais. | Precisamos de mais tempo.
romanian: Câinele meu latră toată noaptea. | Cine plătește geamul spart? | Ea și-a uitat cheile. |
    Pâinea este prea scumpă. | Avem nevoie de mai mult timp.
russian: Моя собака лает всю ночь. | Кто заплатит за разбитое окно? | Она забыла свои ключи. | Хлеб слишком дорогой. |
    Нам нужно больше времени.
spanish: Mi perro ladra toda la noche. | ¿Quién paga la ventana rota? | Ella ha olvidado sus llaves. |
    El pan es demasiado caro. | Necesitamos más tiempo.
swahili: Mbwa wangu anabweka usiku kucha. | Nani analipia dirisha lililovunjika? | Amesahau funguo zake. |
    Mkate ni ghali sana. | Tunahitaji muda zaidi.
swedish: Min hund skäller hela natten. | Vem betalar för det krossade fönstret? | Hon har glömt sina nycklar. |
    Brödet är för dyrt. | Vi behöver mer tid.
tagalog: Buong gabing tumatahol ang aso ko. | Sino ang magbabayad sa basag na bintana? |
    Nakalimutan niya ang mga susi niya. | Masyadong mahal ang tinapay. | Kailangan namin ng mas maraming oras.
tamil: என் நாய் இரவு முழுவதும் குரைக்கிறது. | உடைந்த ஜன்னலுக்கு யார் பணம் கொடுப்பது? | அவள் சாவியை மறந்துவிட்டாள். |
    ரொட்டி மிகவும் விலை அதிகம். | எங்களுக்கு இன்னும் நேரம் வேண்டும்.
thai: หมาของฉันเห่าทั้งคืน | ใครจ่ายค่าหน้าต่างที่แตก | เธอลืมกุญแจของเธอ | ขนมปังแพงเกินไป | เราต้องการเวลามากกว่านี้
turkish: Köpeğim bütün gece havlıyor. | Kırık camın parasını kim ödüyor? | Anahtarlarını unutmuş. |
    Ekmek çok pahalı. | Daha fazla zamana ihtiyacımız var.
ukrainian: Мій собака гавкає всю ніч. | Хто заплатить за розбите вікно? | Вона забула свої ключі. |
    Хліб занадто дорогий. | Нам потрібно більше часу.
vietnamese: Con chó của tôi sủa suốt đêm. | Ai trả tiền cho cửa sổ bị vỡ? | Cô ấy quên chìa khóa rồi. |
    Bánh mì đắt quá. | Chúng tôi cần thêm thời gian.
"""


@cache
def translations() -> dict[str, tuple[str, ...]]:
    """Return language -> the sentences in the order of the English ones."""
    lines = re.sub(r"\n\s+", " ", _TRANSLATED.strip()).splitlines()
    parts = (line.partition(": ") for line in lines)
    return {name: tuple(each.strip() for each in rest.split("|")) for name, _, rest in parts}
