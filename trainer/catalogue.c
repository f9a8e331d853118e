/*
 * catalogue.c - the data sets and models that fetch knows by name.
 *
 * Where the figures come from: SMSSpamCollection was measured on a copy that equals UCI's; the IMDb
 * archive's are those of TensorFlow Datasets' checksum list; GPT-2's are of the revisions named in
 * the second addresses, which give the file that is pinned even if the first ones move on.
 */
#include "trainer/catalogue.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- GPT-2, by OpenAI, as Hugging Face keeps it ---- */

#define HUB                "https://huggingface.co/openai-community/"
#define HUB_URLS(r, v, f)  {HUB r "/resolve/main/" f, HUB r "/resolve/" v "/" f}
#define HUB_FILE(r, v, f, size, sha256) {f, HUB_URLS(r, v, f), size, sha256}
#define HUB_VOCAB(r, v)                                                                            \
    HUB_FILE(r, v, "vocab.json", 1042301,                                                          \
             "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"),                  \
        HUB_FILE(r, v, "merges.txt", 456318,                                                       \
                 "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5")

#define SMALL  "607a30d783dfa663caf39e06633721c8d4cfcd7e"
#define MEDIUM "6dcaa7a952f72f9298047fd5137cd6e4f05f41da"
#define LARGE  "32b71b12589c2f8d625668d2335a01cac3249519"
#define XL     "15ea56dee5df4983c59b2538573817e1667135e2"

static const struct known_file gpt2_small[] = {
    HUB_FILE("gpt2", SMALL, "config.json", 665,
             "0daed7749b4f02b8f76240d5444551d7b08712dab4d0adb8239c56ba823bb7b4"),
    HUB_VOCAB("gpt2", SMALL),
    HUB_FILE("gpt2", SMALL, "model.safetensors", 548105171,
             "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707"),
};
static const struct known_file gpt2_medium[] = {
    HUB_FILE("gpt2-medium", MEDIUM, "config.json", 718,
             "ef1a44d889ad1a0acc7731c78134f1b87d2d222f110e97dd10fd4117331caf22"),
    HUB_VOCAB("gpt2-medium", MEDIUM),
    HUB_FILE("gpt2-medium", MEDIUM, "model.safetensors", 1519984962,
             "fc5a354a19255ad494f3d71549390baca1ccf61d1d822b9408971705c687c9cd"),
};
static const struct known_file gpt2_large[] = {
    HUB_FILE("gpt2-large", LARGE, "config.json", 0, NULL),
    HUB_FILE("gpt2-large", LARGE, "vocab.json", 0, NULL),
    HUB_FILE("gpt2-large", LARGE, "merges.txt", 0, NULL),
    HUB_FILE("gpt2-large", LARGE, "model.safetensors", 0,
             "5f47f3e12f91cd33b662ce7e433b6150ad5512b5884a2cee961b50e9c3bbebce"),
};
static const struct known_file gpt2_xl[] = {
    HUB_FILE("gpt2-xl", XL, "config.json", 0,
             "be48115d52314bc27327e160bf10197760db02ea689d10adb24db4102edf7a8a"),
    HUB_VOCAB("gpt2-xl", XL),
    HUB_FILE("gpt2-xl", XL, "model.safetensors", 0,
             "0f8b28eb05a8075f48b61b6f35332978c74fc7763fa9fb4051a1c30511736a6a"),
};

/* ---- Corpora ---- */

/* The second address is that of the book "Build a Large Language Model (From Scratch)". */
static const struct known_file sms[] = {
    {"sms+spam+collection.zip",
     {"https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
      "https://f001.backblazeb2.com/file/LLMs-from-scratch/sms%2Bspam%2Bcollection.zip"},
     0,
     NULL},
};

static const struct known_file imdb[] = {
    {"aclImdb_v1.tar.gz",
     {"https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"},
     84125825,
     "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"},
};

#define APACHE(f) {f, {"https://spamassassin.apache.org/old/publiccorpus/" f}, 0, NULL}
static const struct known_file spamassassin[] = {
    APACHE("20030228_easy_ham.tar.bz2"), APACHE("20030228_easy_ham_2.tar.bz2"),
    APACHE("20030228_hard_ham.tar.bz2"), APACHE("20030228_spam.tar.bz2"),
    APACHE("20050311_spam_2.tar.bz2"),
};

#define AUEB(f)                                                                                    \
    {f,                                                                                            \
     {"http://nlp.cs.aueb.gr/software_and_datasets/Enron-Spam/preprocessed/" f,                    \
      "http://www.aueb.gr/users/ion/data/enron-spam/preprocessed/" f},                             \
     0,                                                                                            \
     NULL}
static const struct known_file enron[] = {
    AUEB("enron1.tar.gz"), AUEB("enron2.tar.gz"), AUEB("enron3.tar.gz"),
    AUEB("enron4.tar.gz"), AUEB("enron5.tar.gz"), AUEB("enron6.tar.gz"),
};

static const struct known catalogue[] = {
    {.name = "sms-spam-collection",
     .what = "UCI's SMS Spam Collection: 5,574 text messages, ham or spam",
     .shape = KNOWN_ARCHIVES,
     .files = sms,
     .n_files = COUNT(sms),
     .member = {.path = "SMSSpamCollection",
                .size = 477907,
                .sha256 = "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
                .copy = "SMSSpamCollection.tsv"}},
    /* Each folder has a file of the shell commands that made it, which is no message. */
    {.name = "spamassassin",
     .what = "SpamAssassin's public corpus: mail of 2001 and 2002 in five folders of ham and spam",
     .shape = KNOWN_ARCHIVES,
     .files = spamassassin,
     .n_files = COUNT(spamassassin),
     .skip = "cmds"},
    {.name = "enron",
     .what = "Enron-Spam, preprocessed: six sets of ham and spam, subject and text only",
     .shape = KNOWN_ARCHIVES,
     .files = enron,
     .n_files = COUNT(enron)},
    {.name = "imdb",
     .what = "Large Movie Review Dataset: 50,000 film reviews, pos or neg",
     .shape = KNOWN_ARCHIVES,
     .files = imdb,
     .n_files = COUNT(imdb)},
    {.name = "gpt2",
     .alias = "gpt2-124m",
     .what = "GPT-2 with 124 million parameters: a model directory",
     .shape = KNOWN_FILES,
     .files = gpt2_small,
     .n_files = COUNT(gpt2_small)},
    {.name = "gpt2-medium",
     .alias = "gpt2-355m",
     .what = "GPT-2 with 355 million parameters: a model directory",
     .shape = KNOWN_FILES,
     .files = gpt2_medium,
     .n_files = COUNT(gpt2_medium)},
    {.name = "gpt2-large",
     .alias = "gpt2-774m",
     .what = "GPT-2 with 774 million parameters: a model directory",
     .shape = KNOWN_FILES,
     .files = gpt2_large,
     .n_files = COUNT(gpt2_large)},
    {.name = "gpt2-xl",
     .alias = "gpt2-1558m",
     .what = "GPT-2 with 1,558 million parameters: a model directory",
     .shape = KNOWN_FILES,
     .files = gpt2_xl,
     .n_files = COUNT(gpt2_xl)},
};

const struct known *known_at(size_t i)
{
    return i < COUNT(catalogue) ? &catalogue[i] : NULL;
}

const struct known *known_find(const char *name)
{
    for (size_t i = 0; i < COUNT(catalogue); i++) {
        const struct known *k = &catalogue[i];
        if (strcmp(k->name, name) == 0 || (k->alias && strcmp(k->alias, name) == 0))
            return k;
    }
    return NULL;
}
