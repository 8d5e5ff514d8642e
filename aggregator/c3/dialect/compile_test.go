package dialect_test

import (
	"strings"
	"testing"

	"iptvdc/aggregator/c3/dialect"
)

const small = `version: 1
revision: 1
province: "33"
feeds:
  - feed: subscribers
    name: "U_{day:yyyyMMdd}.txt"
    delimiter: "|"
    header: names
    columns: {account: ID, state: ST}
    codes:
      state: {"1": active}
`

// TestCompileExplains: each mistake is told with its line and what to write.
func TestCompileExplains(t *testing.T) {
	if _, err := dialect.Compile([]byte(small)); err != nil {
		t.Fatal(err)
	}
	f := func(old, new string, want ...string) {
		t.Helper()
		text := strings.Replace(small, old, new, 1)
		_, err := dialect.Compile([]byte(text))
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%q instead of %q:\n%v\nwant %s", new, old, err, w)
			}
		}
	}
	f(small, "", "line 1: the profile is empty")
	f(small, "- a", "line 1: profile: must be a list of key: value")
	f(small, "{", "did not find")
	f(small, small+"---\nversion: 1\n", "more than one document")
	f("version: 1", "version: 2", "line 1: version: 2; this program reads version: 1")
	f("revision: 1", "", "revision: 0; count from 1")
	f("\"33\"", "\"99\"", "line 3: province", "in quotes")
	f("feeds:", "feed:", "line 5: feed: there is no such key; allowed here: version, revision, province, title, notes, defaults, feeds")
	f(small[strings.Index(small, "feeds:"):], "", "feeds: there is none; list at least one")
	f("delimiter", "delimter", "line 7: feeds[0].delimter: there is no such key; allowed here: feed, name", "delimiter: missing")
	f("delimiter: \"|\"", "delimiter: \"|\"\n    delimiter: \";\"", "comes twice")
	f("feed: subscribers", "feed: users", "line 5: feeds[0].feed: \"users\"; allowed subscribers, changes, orders, products")
	f("feed: subscribers", "feed: &a subscribers", "anchors and aliases are not read here; write what all feeds share under defaults")
	f("{day:yyyyMMdd}", "{day}", "needs a notation")
	f("{day:yyyyMMdd}", "{date:yyyyMMdd}", "there is no part {date}; allowed: day, time, seq")
	f("{day:yyyyMMdd}", "x", "a full file of subscribers needs a day")
	f("{day:yyyyMMdd}", "{day:yyMMdd}", "\"yy\" is no part of a time")
	f("header: names", "header: none", "fields: missing", "\"ID\" is no column; write its number")
	f("header: names", "header: [1]", "allowed none, names, {skip: 2}")
	f("header: names", "header: {line: \"X{rows}\", skip: 2}", "allowed none, names")
	f("header: names", "header: names\n    charset: big5", "allowed: utf-8, gbk, gb18030")
	f("header: names", "header: names\n    widths: [1, 2]", "both a delimiter and widths")
	f("header: names", "header: names\n    trailer: \"{rows}\"", "must begin with a fixed text")
	f("header: names", "header: names\n    trailer: \"T{md5}\"", "{md5} of a file cannot be in the file")
	f("header: names", "header: names\n    guards: {max_bad_percent: 101}", "between 0 and 100")
	f("header: names", "header: names\n    guards: {max_bad_percent: x}", "\"x\" is not a number")
	f("header: names", "header: names\n    expect: sometimes", "allowed: daily 06:30, hourly")
	f("header: names", "header: names\n    expect: hourly\n    grace: soon", "write it as 90m or 2h")
	f("header: names", "header: names\n    manifest: {kind: chk, name: x}", "write it as {name}.verf", "promises nothing")
	f("header: names", "header: names\n    receipt: {style: pdf}", "allowed none, csv, rsp")
	f("header: names", "header: names\n    time: {zone: Europe/Berlin}", "allowed Asia/Shanghai, UTC")
	f("header: names", "header: names\n    time: {formats: [\"yyyy-MM-ddZ\"]}", "say beside the formats what the Z means")
	f("header: names", "header: names\n    also: {feed: subscribers}", "but not what feed is")
	f("header: names", "header: names\n    max_record: 99999999", "16 MB")
	f("account: ID, ", "", "columns: account is missing")
	f("account: ID", "account: {const: a, from: b}", "needs one of from")
	f("account: ID", "account: {join: [A, B]}", "join is for times only")
	f("account: ID", "acount: ID", "columns.acount: there is no such field of subscribers; allowed: account, state")
	f("state: ST", "state: ST, open: OT", "time.formats: missing; open needs to know")
	f("state: ST", "state: ST, city: C", "city.by: missing")
	f("state: ST", "state: {const: \"2\"}", "\"2\" is none of the codes in codes.state")
	f("active", "aktive", "line 11: feeds[0].codes.state.1: \"aktive\" is no state; allowed: unknown, pre, active", "suspended/arrears")
	f("active", "suspended/broke", "\"broke\" is no reason")
	f("state: {\"1\"", "stat: {\"1\"", "there is no such vocabulary", "codes: state is missing")
	f("state: {\"1\": active}", "state: {\"1\": active}\n      city: {a: \"4301\"}", "is no city of the province", "codes.city is given but not used; add map")
	f("      state: {\"1\": active}\n", "      state: {\"1\": active}\n  - feed: products\n    name: \"U_{any}.txt\"\n    delimiter: \"|\"\n    header: names\n    columns: {code: C}\n", "also takes the files of feeds[0]")
}

// TestDefaults: what a feed says goes before what all say; a list replaces.
func TestDefaults(t *testing.T) {
	text := strings.Replace(small, "feeds:", "defaults:\n  charset: gbk\n  delimiter: \"\\t\"\n  empty: [\"-\"]\n  codes:\n    state: {\"1\": pre, \"2\": pre}\nfeeds:", 1)
	d, err := dialect.Compile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got := dialect.Explain(d)
	for _, want := range []string{"33 Zhejiang 浙江", "gbk", "fields end with \"|\"", "(1 = active)", `also if ["-"]`, "at most 10 % fewer"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "2 = pre") {
		t.Errorf("codes were mixed:\n%s", got)
	}
	text = strings.Replace(text, "charset: gbk", "charst: gbk", 1)
	if _, err := dialect.Compile([]byte(text)); err == nil || strings.Count(err.Error(), "charst") != 1 {
		t.Errorf("%v", err)
	}
}
