"""Questions that people ask at work, twenty in each of eighteen languages, and English ones that look odd."""

ASKED: dict[str, str] = {
    "finnish": """
Mihin aikaan ruokala avataan?
Miten haen vanhempainvapaata?
Kuka vaihtaa rikkinäisen kannettavan?
Voinko tuoda koiran toimistolle?
Montako lomapäivää minulla on vuodessa?
Missä on lähin tulostin?
Tarvitsenko esihenkilön luvan etätyöhön?
Miten vaihdan salasanan VPN-yhteyteen?
Paljonko pysäköinti maksaa?
Kenelle ilmoitan sairauspoissaolosta?
Milloin palkka maksetaan joulukuussa?
Mitä virhekoodi E-1042 tarkoittaa?
Saako vieraille tarjota lounasta?
Kuinka monta päivää etukäteen matka pitää varata?
Onko toimistossa polkupyörävarasto?
Mistä saan uuden kulkukortin?
Miksi laskuni hylättiin?
Kuka hyväksyy matkalaskut?
Voiko koulutuksen perua maksutta?
Entä viikonloppuisin?""",
    "turkish": """
Yemekhane saat kaçta açılıyor?
Ebeveyn izni için nasıl başvururum?
Bozuk dizüstü bilgisayarımı kim değiştirir?
Ofise köpeğimi getirebilir miyim?
Yılda kaç gün iznim var?
En yakın yazıcı nerede?
Evden çalışmak için onay gerekiyor mu?
VPN şifremi nasıl değiştiririm?
Otopark ücreti ne kadar?
Hastalandığımda kime haber vermeliyim?
Aralık ayında maaşlar ne zaman ödeniyor?
E-1042 hata kodu ne anlama geliyor?
Misafirler öğle yemeği yiyebilir mi?
Seyahat kaç gün önceden rezerve edilmeli?
Ofiste bisiklet park yeri var mı?
Yeni giriş kartını nereden alabilirim?
Faturam neden reddedildi?
Seyahat masraflarını kim onaylıyor?
Eğitim ücretsiz iptal edilebilir mi?
Peki hafta sonları?""",
    "vietnamese": """
Nhà ăn mở cửa lúc mấy giờ?
Làm thế nào để xin nghỉ thai sản?
Ai thay máy tính xách tay bị hỏng?
Tôi có thể mang chó đến văn phòng không?
Tôi có bao nhiêu ngày nghỉ phép mỗi năm?
Máy in gần nhất ở đâu?
Tôi có cần xin phép để làm việc ở nhà không?
Làm sao để đổi mật khẩu VPN?
Phí gửi xe là bao nhiêu?
Khi ốm tôi phải báo cho ai?
Lương tháng mười hai được trả khi nào?
Mã lỗi E-1042 nghĩa là gì?
Khách có được ăn trưa không?
Phải đặt chuyến đi trước bao nhiêu ngày?
Văn phòng có chỗ để xe đạp không?
Tôi lấy thẻ ra vào mới ở đâu?
Vì sao hóa đơn của tôi bị từ chối?
Ai duyệt chi phí đi lại?
Có thể hủy khóa học miễn phí không?
Còn cuối tuần thì sao?""",
    "polish": """
O której otwiera się stołówka?
Jak złożyć wniosek o urlop rodzicielski?
Kto wymienia zepsuty laptop?
Czy mogę przyprowadzić psa do biura?
Ile dni urlopu mam w roku?
Gdzie jest najbliższa drukarka?
Czy potrzebuję zgody na pracę zdalną?
Jak zmienić hasło do VPN?
Ile kosztuje parking?
Komu zgłosić chorobę?
Kiedy wypłacane są pensje w grudniu?
Co oznacza kod błędu E-1042?
Czy goście mogą zjeść obiad?
Ile dni wcześniej trzeba zarezerwować podróż?
Czy w biurze jest miejsce na rowery?
Skąd wziąć nową kartę wstępu?
Dlaczego moja faktura została odrzucona?
Kto zatwierdza koszty podróży?
Czy szkolenie można odwołać bezpłatnie?
A w weekendy?""",
    "hungarian": """
Hány órakor nyit a menza?
Hogyan igényelhetek szülői szabadságot?
Ki cseréli ki az elromlott laptopot?
Behozhatom a kutyámat az irodába?
Hány nap szabadságom van egy évben?
Hol van a legközelebbi nyomtató?
Kell engedély az otthoni munkához?
Hogyan változtatom meg a VPN jelszavamat?
Mennyibe kerül a parkolás?
Kinek kell szólnom, ha beteg vagyok?
Mikor fizetik a béreket decemberben?
Mit jelent az E-1042 hibakód?
Ebédelhetnek itt a vendégek?
Hány nappal előbb kell lefoglalni az utat?
Van kerékpártároló az irodában?
Hol kapok új belépőkártyát?
Miért utasították el a számlámat?
Ki hagyja jóvá az útiköltséget?
Le lehet mondani ingyen a képzést?
És hétvégén?""",
    "german": """
Wann öffnet die Kantine?
Wie beantrage ich Elternzeit?
Wer tauscht einen kaputten Laptop aus?
Darf ich meinen Hund ins Büro mitbringen?
Wie viele Urlaubstage habe ich im Jahr?
Wo steht der nächste Drucker?
Brauche ich eine Genehmigung für Homeoffice?
Wie ändere ich mein VPN-Passwort?
Was kostet das Parken?
Wem melde ich, dass ich krank bin?
Wann werden im Dezember die Gehälter gezahlt?
Was bedeutet der Fehlercode E-1042?
Dürfen Gäste in der Kantine essen?
Wie viele Tage vorher muss eine Reise gebucht werden?
Gibt es im Büro einen Fahrradkeller?
Woher bekomme ich einen neuen Ausweis?
Warum wurde meine Rechnung abgelehnt?
Wer genehmigt Reisekosten?
Kann man eine Schulung kostenlos absagen?
Und am Wochenende?""",
    "french": """
À quelle heure ouvre la cantine ?
Comment demander un congé parental ?
Qui remplace un ordinateur en panne ?
Puis-je amener mon chien au bureau ?
Combien de jours de congé ai-je par an ?
Où se trouve l'imprimante la plus proche ?
Faut-il une autorisation pour le télétravail ?
Comment changer mon mot de passe VPN ?
Combien coûte le parking ?
À qui signaler un arrêt maladie ?
Quand les salaires de décembre sont-ils versés ?
Que signifie le code d'erreur E-1042 ?
Les invités peuvent-ils déjeuner ici ?
Combien de jours à l'avance faut-il réserver un voyage ?
Y a-t-il un local à vélos au bureau ?
Où obtenir un nouveau badge ?
Pourquoi ma facture a-t-elle été refusée ?
Qui valide les frais de déplacement ?
Peut-on annuler une formation sans frais ?
Et le week-end ?""",
    "spanish": """
¿A qué hora abre el comedor?
¿Cómo solicito el permiso parental?
¿Quién cambia un portátil roto?
¿Puedo traer a mi perro a la oficina?
¿Cuántos días de vacaciones tengo al año?
¿Dónde está la impresora más cercana?
¿Necesito permiso para teletrabajar?
¿Cómo cambio la contraseña de la VPN?
¿Cuánto cuesta aparcar?
¿A quién aviso si estoy enfermo?
¿Cuándo se pagan los sueldos en diciembre?
¿Qué significa el código de error E-1042?
¿Pueden comer aquí los invitados?
¿Con cuántos días hay que reservar un viaje?
¿Hay un sitio para bicicletas en la oficina?
¿De dónde saco una tarjeta nueva?
¿Por qué rechazaron mi factura?
¿Quién aprueba los gastos de viaje?
¿Se puede anular un curso gratis?
¿Y los fines de semana?""",
    "italian": """
A che ora apre la mensa?
Come chiedo il congedo parentale?
Chi sostituisce un portatile rotto?
Posso portare il cane in ufficio?
Quanti giorni di ferie ho all'anno?
Dov'è la stampante più vicina?
Serve un permesso per lavorare da casa?
Come cambio la password della VPN?
Quanto costa il parcheggio?
A chi comunico che sono malato?
Quando vengono pagati gli stipendi a dicembre?
Che cosa significa il codice di errore E-1042?
Gli ospiti possono pranzare qui?
Quanti giorni prima va prenotato un viaggio?
C'è un posto per le biciclette in ufficio?
Dove prendo un nuovo tesserino?
Perché la mia fattura è stata respinta?
Chi approva le spese di viaggio?
Si può disdire un corso senza costi?
E nel fine settimana?""",
    "dutch": """
Hoe laat gaat de kantine open?
Hoe vraag ik ouderschapsverlof aan?
Wie vervangt een kapotte laptop?
Mag ik mijn hond meenemen naar kantoor?
Hoeveel vakantiedagen heb ik per jaar?
Waar staat de dichtstbijzijnde printer?
Heb ik toestemming nodig om thuis te werken?
Hoe wijzig ik mijn VPN-wachtwoord?
Wat kost parkeren?
Bij wie meld ik me ziek?
Wanneer worden de salarissen in december betaald?
Wat betekent foutcode E-1042?
Mogen gasten hier lunchen?
Hoeveel dagen van tevoren moet een reis geboekt worden?
Is er een fietsenstalling op kantoor?
Waar krijg ik een nieuwe toegangspas?
Waarom is mijn factuur afgewezen?
Wie keurt reiskosten goed?
Kun je een cursus gratis annuleren?
En in het weekend?""",
    "swedish": """
När öppnar matsalen?
Hur ansöker jag om föräldraledighet?
Vem byter ut en trasig bärbar dator?
Får jag ta med min hund till kontoret?
Hur många semesterdagar har jag per år?
Var finns närmaste skrivare?
Behöver jag tillstånd för att jobba hemifrån?
Hur byter jag lösenord till VPN?
Vad kostar parkeringen?
Vem anmäler jag sjukfrånvaro till?
När betalas lönerna ut i december?
Vad betyder felkod E-1042?
Får gäster äta lunch här?
Hur många dagar i förväg måste en resa bokas?
Finns det cykelförråd på kontoret?
Var får jag ett nytt passerkort?
Varför avvisades min faktura?
Vem godkänner reseräkningar?
Kan man avboka en kurs utan kostnad?
Och på helgerna?""",
    "czech": """
V kolik hodin otevírá jídelna?
Jak požádám o rodičovskou dovolenou?
Kdo vymění rozbitý notebook?
Můžu si vzít psa do kanceláře?
Kolik dní dovolené mám za rok?
Kde je nejbližší tiskárna?
Potřebuji povolení k práci z domova?
Jak si změním heslo k VPN?
Kolik stojí parkování?
Komu mám nahlásit nemoc?
Kdy se v prosinci vyplácejí mzdy?
Co znamená chybový kód E-1042?
Mohou zde obědvat hosté?
Kolik dní předem je nutné rezervovat cestu?
Je v kanceláři místo pro kola?
Kde dostanu novou vstupní kartu?
Proč byla moje faktura zamítnuta?
Kdo schvaluje cestovní náklady?
Lze školení zrušit zdarma?
A o víkendu?""",
    "romanian": """
La ce oră se deschide cantina?
Cum cer concediu pentru creșterea copilului?
Cine înlocuiește un laptop stricat?
Pot să aduc câinele la birou?
Câte zile de concediu am pe an?
Unde este cea mai apropiată imprimantă?
Am nevoie de aprobare ca să lucrez de acasă?
Cum îmi schimb parola de VPN?
Cât costă parcarea?
Pe cine anunț dacă sunt bolnav?
Când se plătesc salariile în decembrie?
Ce înseamnă codul de eroare E-1042?
Pot oaspeții să ia prânzul aici?
Cu câte zile înainte trebuie rezervată o călătorie?
Există un loc pentru biciclete la birou?
De unde iau o legitimație nouă?
De ce a fost respinsă factura mea?
Cine aprobă cheltuielile de deplasare?
Se poate anula gratuit un curs?
Dar în weekend?""",
    "indonesian": """
Jam berapa kantin buka?
Bagaimana cara mengajukan cuti melahirkan?
Siapa yang mengganti laptop rusak?
Bolehkah saya membawa anjing ke kantor?
Berapa hari cuti saya dalam setahun?
Di mana printer terdekat?
Apakah saya perlu izin untuk bekerja dari rumah?
Bagaimana cara mengubah kata sandi VPN?
Berapa biaya parkir?
Kepada siapa saya melapor kalau sakit?
Kapan gaji bulan Desember dibayarkan?
Apa arti kode kesalahan E-1042?
Apakah tamu boleh makan siang di sini?
Berapa hari sebelumnya perjalanan harus dipesan?
Apakah ada tempat sepeda di kantor?
Di mana saya mendapatkan kartu akses baru?
Mengapa faktur saya ditolak?
Siapa yang menyetujui biaya perjalanan?
Apakah pelatihan bisa dibatalkan gratis?
Bagaimana dengan akhir pekan?""",
    "russian": """
Во сколько открывается столовая?
Как оформить отпуск по уходу за ребёнком?
Кто заменит сломанный ноутбук?
Можно ли привести собаку в офис?
Сколько дней отпуска у меня в году?
Где ближайший принтер?
Нужно ли разрешение на удалённую работу?
Как сменить пароль от VPN?
Сколько стоит парковка?
Кому сообщить о болезни?
Когда выплачивают зарплату в декабре?
Что означает код ошибки E-1042?
Могут ли гости пообедать?
За сколько дней нужно бронировать поездку?
Есть ли в офисе велопарковка?
Где получить новый пропуск?
Почему мой счёт отклонили?
Кто утверждает командировочные расходы?
Можно ли бесплатно отменить обучение?
А по выходным?""",
    "chinese": """
食堂几点开门？
怎么申请育儿假？
谁来更换坏掉的笔记本电脑？
可以带狗来办公室吗？
我一年有多少天年假？
最近的打印机在哪里？
在家办公需要批准吗？
怎么修改VPN密码？
停车要多少钱？
生病了要通知谁？
十二月的工资什么时候发？
错误代码E-1042是什么意思？
客人可以在这里吃午饭吗？
出差要提前几天预订？
办公室有自行车棚吗？
在哪里领新的门禁卡？
为什么我的发票被拒绝了？
谁审批差旅费？
培训可以免费取消吗？
周末呢？""",
    "arabic": """
متى يفتح المطعم؟
كيف أطلب إجازة الأبوة؟
من يستبدل الحاسوب المحمول المعطل؟
هل يمكنني إحضار كلبي إلى المكتب؟
كم يوم إجازة لدي في السنة؟
أين أقرب طابعة؟
هل أحتاج إلى موافقة للعمل من المنزل؟
كيف أغير كلمة مرور VPN؟
كم تكلفة موقف السيارات؟
من أبلغ إذا كنت مريضا؟
متى تدفع رواتب ديسمبر؟
ماذا يعني رمز الخطأ E-1042؟
هل يمكن للضيوف تناول الغداء هنا؟
قبل كم يوم يجب حجز السفر؟
هل يوجد موقف دراجات في المكتب؟
من أين أحصل على بطاقة دخول جديدة؟
لماذا رفضت فاتورتي؟
من يوافق على مصاريف السفر؟
هل يمكن إلغاء الدورة مجانا؟
وماذا عن عطلة نهاية الأسبوع؟""",
    "greek": """
Τι ώρα ανοίγει η καντίνα;
Πώς ζητάω γονική άδεια;
Ποιος αλλάζει έναν χαλασμένο υπολογιστή;
Μπορώ να φέρω τον σκύλο μου στο γραφείο;
Πόσες μέρες άδεια έχω τον χρόνο;
Πού είναι ο πιο κοντινός εκτυπωτής;
Χρειάζομαι έγκριση για τηλεργασία;
Πώς αλλάζω τον κωδικό του VPN;
Πόσο κοστίζει το πάρκινγκ;
Ποιον ενημερώνω αν αρρωστήσω;
Πότε πληρώνονται οι μισθοί τον Δεκέμβριο;
Τι σημαίνει ο κωδικός σφάλματος E-1042;
Μπορούν οι επισκέπτες να φάνε εδώ;
Πόσες μέρες πριν πρέπει να κλείσω ταξίδι;
Υπάρχει χώρος για ποδήλατα στο γραφείο;
Από πού παίρνω νέα κάρτα εισόδου;
Γιατί απορρίφθηκε το τιμολόγιό μου;
Ποιος εγκρίνει τα έξοδα ταξιδιού;
Μπορώ να ακυρώσω ένα σεμινάριο δωρεάν;
Και τα σαββατοκύριακα;""",
}

UNLISTED: dict[str, str] = {
    "icelandic": """
Hvenær opnar mötuneytið á morgnana?
Hvernig sæki ég um fæðingarorlof hjá fyrirtækinu?
Hver skiptir út bilaðri fartölvu?
Má ég koma með hundinn minn á skrifstofuna?
Hvers vegna var reikningnum mínum hafnað?""",
    "welsh": """
Pryd mae'r ffreutur yn agor yn y bore?
Sut ydw i'n gwneud cais am absenoldeb rhiant?
Pwy sy'n newid gliniadur sydd wedi torri?
Ydw i'n cael dod â fy nghi i'r swyddfa?
Pam cafodd fy anfoneb ei gwrthod?""",
    "albanian": """
Në çfarë ore hapet mensa e punonjësve?
Si mund të kërkoj lejen prindërore?
Kush e zëvendëson laptopin e prishur?
A mund ta sjell qenin tim në zyrë?
Pse u refuzua fatura ime e udhëtimit?""",
    "basque": """
Zer ordutan irekitzen da jantokia?
Nola eskatzen dut gurasoentzako baimena?
Nork aldatzen du hondatutako ordenagailua?
Ekar al dezaket nire txakurra bulegora?
Zergatik baztertu dute nire faktura?""",
    "zulu": """
Ivula nini indawo yokudlela yabasebenzi?
Ngingalicela kanjani ikhefu lokuba umzali?
Ubani oshintsha ikhompyutha ephukile?
Ngingayiletha yini inja yami ehhovisi?
Kungani inkokhelo yami yenqatshiwe?""",
    "amharic": """
ካፍቴሪያው መቼ ይከፈታል?
የወላጅ ፈቃድ እንዴት እጠይቃለሁ?
የተበላሸ ላፕቶፕ ማን ይቀይራል?
ውሻዬን ወደ ቢሮ ማምጣት እችላለሁ?
ደረሰኜ ለምን ተቀባይነት አላገኘም?""",
}
"""Languages that no list of words here has, five questions each."""

ENGLISH = """
When does the cafeteria open?
parental leave
reset vpn password
error E-1042
E-1042
What does E-1042 mean on the XR-2000/B?
pls how 2 reset pw thx
hw do i get a new bagde
wheres the nerest printer
invocie rejcted why
cn u tell me wen we get payed
laptop brokn who fixes
kubectl get pods -n prod CrashLoopBackOff
npm ERR! code ERESOLVE unable to resolve dependency tree
TypeError: NoneType object is not subscriptable
pip install sentence-transformers torch
SELECT * FROM interactions WHERE status = failed
/etc/nginx/nginx.conf proxy_read_timeout
Who is Zbigniew Brzezinski?
Who leads the Łódź office?
Where is the Rue de la Paix showroom?
Is the Hôtel des Invalides near the office in Paris?
Does the El Paso plant have a cafe?
What did Nguyen Van Thieu say about Saigon?
Kraftfahrzeug-Haftpflichtversicherung meaning
Is sauerkraut served with bratwurst in the cafeteria?
Does Müller GmbH & Co. KG get a discount?
Fetoprotein and hydroxychloroquine interactions
pneumonoultramicroscopicsilicovolcanoconiosis treatment
methylenetetrahydrofolate reductase deficiency symptoms
Creutzfeldt-Jakob prognosis
dexamethasone vs methylprednisolone dose
levothyroxine hyperthyroidism contraindications
GDPR Art. 17 DSGVO
KYC AML PEP screening SLA
PTO policy
WFH?
badge?
why?
thanks
ok
Tell me more
And at weekends?
what about Kyiv?
Wi-Fi guest access SSID
MacBook Pro 14" M3 Max eGPU support
Who approves travel to Reykjavik, Ljubljana and Vilnius?
Gruyère, Camembert and crème fraîche allergens
café résumé naïve façade
How do I pronounce Przybyszewski?
asdf qwer zxcv
lol wtf is tht form btw
gimme teh hollidays calender plz
IMHO u shud chk teh kwal docs asap
Do I need a Schengen visa for Liechtenstein?
hydrochlorothiazide
Tschaikowski concert tickets for employees
Is Schadenfreude a German word?
Can Siobhan and Caoimhe share a desk?
Who was Dostoyevsky?
"""
"""Names, codes, typos, abbreviations of chats, program text, terms of medicine, key words."""


def lines(text: str) -> list[str]:
    """Return the questions."""
    return [line for line in text.strip().splitlines() if line]
