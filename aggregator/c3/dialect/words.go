package dialect

import (
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator/c3"
)

// The canonical words, as a profile writes them; the index is the c3 value.
var (
	stateWords  = []string{"unknown", "pre", "active", "suspended", "cancelled"}
	reasonWords = []string{"none", "arrears", "voluntary", "admin"}
	opWords     = []string{"", "open", "suspend", "resume", "cancel", "change_no", "move_in", "move_out", "change_stb", "change_plan", "change_city"}
	typeWords   = []string{"unknown", "base", "month", "year", "single", "season", "app"}
	orderWords  = []string{"", "sub", "renew", "unsub", "single", "refund"}
	payWords    = []string{"unknown", "bill", "wechat", "alipay", "points"}
	feedWords   = []string{"", "catalogue", "subscribers", "changes", "orders", "products"}
)

var vocabularies = map[string][]string{
	"state": stateWords, "reason": reasonWords, "op": opWords, "type": typeWords, "order": orderWords, "pay": payWords,
}

// other is the code that stands for every code not named.
const other = "*"

// code is what a source's code means.
type code struct {
	word   uint8
	reason c3.Reason // of a state or op written as suspended/arrears
	skip   bool      // the record is of no interest
}

// codeMap is a vocabulary of a feed.
type codeMap struct {
	byCode map[string]code
	other  *code
	pairs  []codePair // in the order of the profile; the first of a word is written
	codes  []code     // of pairs
}

func compileCodes(vocabulary string, pairs []codePair, bad func(code, text string)) *codeMap {
	m := &codeMap{byCode: map[string]code{}}
	words := vocabularies[vocabulary]
	for _, p := range pairs {
		c, err := parseWord(vocabulary, p.word)
		if err != nil {
			bad(p.code, fmt.Sprintf("%v; allowed: %s", err, allowedWords(vocabulary, words)))
			continue
		}
		if p.code == other {
			m.other = &c
			continue
		}
		m.byCode[p.code] = c
		m.pairs = append(m.pairs, p)
		m.codes = append(m.codes, c)
	}
	return m
}

func allowedWords(vocabulary string, words []string) string {
	all := strings.Join(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" }), ", ")
	if vocabulary == "state" || vocabulary == "op" {
		all += ", with a reason as in suspended/arrears"
	}
	return all + ", or skip for records of no interest"
}

func parseWord(vocabulary, text string) (code, error) {
	if text == "skip" {
		return code{skip: true}, nil
	}
	word, reason, has := strings.Cut(text, "/")
	i := slices.Index(vocabularies[vocabulary], word)
	if i < 0 || word == "" {
		return code{}, fmt.Errorf("%q is no %s", text, vocabulary)
	}
	c := code{word: uint8(i)}
	if !has {
		return c, nil
	}
	r := slices.Index(reasonWords, reason)
	if r < 0 || vocabulary != "state" && vocabulary != "op" {
		return code{}, fmt.Errorf("%q: %q is no reason", text, reason)
	}
	c.reason = c3.Reason(r)
	return c, nil
}

func (m *codeMap) find(b []byte) (code, bool) {
	if c, ok := m.byCode[string(b)]; ok {
		return c, true
	}
	if m.other != nil {
		return *m.other, true
	}
	return code{}, false
}

// source is the code to write for a word; false if there is none. A reason must
// be that of the code, or the reason has a column of its own.
func (m *codeMap) source(word uint8, reason c3.Reason, anyReason bool) (string, bool) {
	for i, c := range m.codes {
		if !c.skip && c.word == word && (c.reason == reason || anyReason && c.reason == 0) {
			return m.pairs[i].code, true
		}
	}
	return "", false
}
