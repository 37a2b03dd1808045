// What is refused wherever `moderation` has "words", in English and Chinese. The list is short on purpose: what is a
// crime to make or to show nearly everywhere, in words that have no other use. Taste is the owner's affair
// (blocked_words, blocked_words_files). It is no classifier: who wants to get around it will, and `moderation_command`
// is the place for one. The format is that of word_rules.h.
#include "service/word_rules.h"

namespace hotshot::service {

const std::string_view kBlockedWords = R"rules(
# Sexual depictions of minors: words that say it alone, then a minor and a sexual word in one prompt.
sexual-minors: child porn, child pornography, child porno, kiddie porn, kiddy porn, kid porn, teen porn, underage porn,
  underage sex, child sex, preteen sex, child erotica, csam, pedo porn, pedophile, paedophile, pedophilia, paedophilia,
  lolicon, shotacon, loli hentai, shota hentai, jailbait
sexual-minors: 儿童色情, 兒童色情, 幼女色情, 未成年色情, 恋童, 戀童, 萝莉色情, 蘿莉色情, 幼交, 童妓, 雏妓, 雛妓
sexual-minors:
  child, children, kid, kids, toddler, toddlers, infant, infants, baby girl, baby boy, little girl, little girls,
  little boy, little boys, schoolgirl, schoolgirls, schoolboy, schoolboys, school girl, school boy, underage, under age,
  preteen, preteens, pre teen, preadolescent, pubescent, prepubescent, teen, teens, teenager, teenagers, teenage,
  minors, loli, shota, 5 year old, 6 year old, 7 year old, 8 year old, 9 year old, 10 year old, 11 year old,
  12 year old, 13 year old, 14 year old, 15 year old, 16 year old, 17 year old
  + sex, sexual, sexually, sexy, sexualized, sexualised, porn, porno, pornographic, pornography, xxx, nude, nudes,
  nudity, erotic, erotica, hentai, topless, orgasm, masturbating, masturbation, masturbate, blowjob, intercourse,
  genitals, genitalia, penis, vagina, fetish, seductive, lingerie, striptease, fucking, fucked, fuck, raping, raped
sexual-minors: 儿童, 兒童, 小孩, 孩子, 幼女, 幼童, 女童, 男童, 小女孩, 小男孩, 未成年, 小学生, 小學生, 初中生, 中学生, 中學生,
  婴儿, 嬰兒, 萝莉, 蘿莉, 正太
  + 色情, 性交, 做爱, 做愛, 性爱, 性愛, 裸体, 裸體, 全裸, 赤裸, 裸照, 淫, 自慰, 口交, 情色, 性感内衣, 性感內衣, 强奸, 強姦, 轮奸, 輪姦

# Sexual violence.
sexual-violence: rape scene, rape porn, gang rape, gangrape, raping, being raped, gets raped, forced sex, sexual assault scene,
  强奸, 強姦, 轮奸, 輪姦, 迷奸, 迷姦

# Sexual pictures of people who did not agree to them.
sexual-consent: revenge porn, deepfake porn, deep fake porn, deepfake nude, deepfake nudes, deepfake sex, nudify, nudified,
  undress her, undress him, undress this woman, remove her clothes, remove his clothes, upskirt, voyeur porn,
  一键脱衣, 一鍵脫衣, 换脸色情, 換臉色情, 偷拍裙底, 裙底偷拍

# Sexual acts with animals.
bestiality: bestiality, zoophilia, zoophile, animal porn, sex with a dog, sex with a horse, sex with animals, 兽交, 獸交, 人兽, 人獸

# Real killing as entertainment, and praise of terror.
cruelty: snuff film, snuff video, snuff movie, crush fetish, beheading video, execution video, 虐杀视频, 虐殺影片, 斩首视频, 斬首影片
terror: terrorist propaganda, isis propaganda, isis recruitment, nazi propaganda, school shooting livestream,
  mass shooting livestream, 恐怖主义宣传, 恐怖主義宣傳, 恐怖组织招募, 恐怖組織招募
)rules";

}  // namespace hotshot::service
