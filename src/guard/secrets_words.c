// Words of passwords that are guessed first, and the payment PINs chosen most. A password is
// refused when such words, runs and keyboard rows cover all its letters (secrets.c), so that each
// word stands for all its spellings with digits and signs around it, between and in place of
// letters: these few hundred words refuse many millions of passwords. All lower case; at least 3
// letters.
#include "guard/secrets_priv.h"

// clang-format off
const char *const SECRETS_WORDS[] = {
    // the word itself, in a few languages, and of this product
    "password", "passwort", "passwd", "passcode", "passphrase", "pass", "pwd", "secret", "mima",
    "mimamima", "wodemima", "dengmi", "denglu", "login", "signin", "logon", "access", "letmein",
    "openup", "open", "sesame", "zhimakaimen", "tongbao", "wallet", "qianbao", "zhifu", "zhifumima",
    "fukuan", "yinhang", "bank", "money", "pay", "payment", "shoukuan", "zhanghu", "account",
    "mywallet", "digital", "shuzi", "renminbi", "rmb", "yuan", "cny", "usd", "ecny", "密码", "钱包",
    "支付", "登录", "通宝", "我的", "你好", "我爱你", "银行", "数字",
    // who somebody is to the machine
    "admin", "administrator", "root", "user", "username", "guest", "test", "testing", "tester",
    "demo", "default", "system", "server", "master", "super", "superman", "superuser", "operator",
    "manager", "office", "service", "public", "private", "temp", "temporary", "changeme", "change",
    "welcome", "hello", "helloworld", "world", "hi", "please", "enter", "nopassword",
    "noneofyourbusiness", "whatever", "nothing", "something", "trustno", "trustme", "trust",
    "internet", "computer", "laptop", "phone", "iphone", "android", "mobile", "email", "mail",
    "website", "network", "windows", "linux", "oracle", "mysql", "database", "cisco", "google",
    "facebook", "apple", "samsung", "huawei", "xiaomi", "weixin", "wechat", "alipay", "taobao",
    "baidu", "tencent", "alibaba", "weibo", "douyin",
    // keys and alphabets that are no plain row
    "qaz", "wsx", "edc", "rfv", "tgb", "yhn", "ujm", "qazwsx", "qwe", "asd", "zxc", "qweasd",
    "qweasdzxc", "zaq", "xsw", "cde", "vfr", "bgt", "nhy", "mju", "poi", "lkj", "mnb", "abc", "xyz",
    "azerty", "dvorak", "qwertz", "aaa", "zzz",
    // feelings and people
    "iloveyou", "ilove", "love", "loveyou", "loveme", "lover", "lovely", "iloveu", "loveu",
    "forever", "woaini", "woaiwojia", "woaiziji", "aini", "wo", "ai", "ni", "nihao", "nihaoma",
    "laopo", "laogong", "baobao", "baobei", "baby", "babygirl", "babyboy", "mama", "baba", "mommy",
    "daddy", "mother", "father", "sister", "brother", "family", "friend", "friends", "bestfriend",
    "angel", "sweet", "sweety", "sweetie", "honey", "darling", "sexy", "beautiful", "princess",
    "prince", "queen", "king", "happy", "smile", "sunshine", "lucky", "fuckyou", "fuck", "bitch",
    "asshole", "jesus", "christ", "god", "heaven", "blessed", "faith", "peace", "freedom", "hope",
    "dream", "life", "live",
    // given names and surnames, written in letters
    "michael", "jessica", "jennifer", "ashley", "daniel", "charlie", "thomas", "robert", "jordan",
    "andrew", "matthew", "joshua", "anthony", "michelle", "nicole", "hannah", "amanda", "samantha",
    "justin", "hunter", "george", "maggie", "buster", "ginger", "taylor", "morgan", "austin",
    "william", "david", "richard", "james", "john", "johnny", "joseph", "maria", "anna", "andrea",
    "alex", "alexander", "alexis", "martin", "peter", "patrick", "oliver", "sophie", "emma",
    "zhang", "wang", "li", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "xu", "sun", "hu",
    "zhu", "gao", "lin", "guo", "luo", "liang", "song", "zheng", "xie", "han", "tang", "feng",
    "deng", "cao", "peng", "zeng", "xiao", "tian", "dong", "pan", "yuan", "cai", "jiang", "yu",
    "du", "ye", "cheng", "wei", "su", "lv", "ding", "ren", "lu", "yao", "shen", "wangwei",
    "wangfang", "liwei", "lina", "liuyang", "zhangwei", "zhangmin", "liming", "xiaoming",
    "wangjing",
    // beasts, sports, things
    "dragon", "monkey", "tiger", "lion", "eagle", "bear", "wolf", "panda", "panther", "shark",
    "snake", "horse", "cat", "dog", "puppy", "kitty", "kitten", "bird", "fish", "rabbit", "mouse",
    "football", "baseball", "basketball", "soccer", "hockey", "tennis", "golf", "golfer",
    "swimming", "runner", "liverpool", "arsenal", "chelsea", "barcelona", "realmadrid", "yankees",
    "cowboys", "lakers", "steelers", "rangers", "batman", "spiderman", "starwars", "pokemon",
    "pikachu", "naruto", "onepiece", "sasuke", "hellokitty", "doraemon", "minecraft", "matrix",
    "ninja", "samurai", "warrior", "killer", "shadow", "phantom", "ghost", "thunder", "storm",
    "fire", "flower", "rose", "sunflower", "orange", "banana", "cherry", "cheese", "cookie",
    "chocolate", "coffee", "pepper", "butter", "butterfly", "sugar", "summer", "winter", "spring",
    "autumn", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "black", "white", "red", "green", "blue", "silver", "gold",
    "golden", "purple", "yellow", "pink", "music", "guitar", "piano", "metal", "rock", "star",
    "moon", "sky", "sun", "earth", "ocean", "mustang", "ferrari", "porsche", "mercedes", "corvette",
    "harley", "yamaha", "honda", "toyota", "china", "zhongguo", "beijing", "shanghai", "guangzhou",
    "shenzhen", "chongqing", "chengdu", "hangzhou", "nanjing", "wuhan", "hongkong", "taiwan",
    "america", "england", "london", "newyork", "paris", "germany", "france", "canada", "australia",
    "student", "teacher", "school", "college", "university", "doctor", "soldier", "police",
    "number", "one", "two", "three", "my", "is", "the", "me", "you", "your", "and", "for", "ever",
    "new", "old", "big", "good", "best", "cool", "hot", "girl", "boy", "man", "woman",
    NULL,
};

const char SECRETS_PINS[100][7] = {
    "123321", "112233", "111222", "111333", "222111", "222333", "333222", "666888", "888666",
    "111888", "888999", "999888", "666999", "999666", "555666", "555888", "777888", "777999",
    "333666", "333888", "100200", "100000", "200000", "300000", "500000", "600000", "800000",
    "900000", "100100", "101010", "520131", "521314", "131452", "520530", "521125", "201314",
    "520999", "520888", "520666", "520100", "521521", "131420", "131400", "131313", "131415",
    "314159", "141421", "271828", "147258", "258369", "369258", "258147", "147852", "159357",
    "357159", "159753", "951753", "753951", "456852", "852456", "741852", "963852", "789456",
    "456789", "123654", "321654", "456123", "654123", "789123", "147369", "963741", "123789",
    "321987", "142536", "135790", "246810", "124578", "121314", "102030", "112358", "123124",
    "123455", "123457", "111112", "111110", "000001", "000123", "123000", "123400", "110110",
    "119119", "110120", "168168", "168888", "518518", "518888", "588588", "688888", "886688",
    "998877",
};
// clang-format on
