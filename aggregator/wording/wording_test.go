package wording

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func TestChinese(t *testing.T) {
	f := func(english, want string) {
		t.Helper()
		got, ok := Chinese(english)
		if want == "" {
			if ok || got != english {
				t.Errorf("Chinese(%q) = %q, %v; want it as it is", english, got, ok)
			}
			return
		}
		if !ok || got != want {
			t.Errorf("Chinese(%q)\n got %q, %v\nwant %q", english, got, ok, want)
		}
	}
	// whole messages, numbers, quotes
	f("Only an administrator may do this.", "只有管理员可以这样做。")
	f("Too many tries; wait 12 s.", "尝试过于频繁；请等待 12 秒。")
	f("The board has no revision -3, or no more.", "看板没有第 -3 版，或该版已不再保留。")
	f(`There is no board "a\"b" that you may open.`, `没有您可以打开的看板“a"b”。`)
	f(`There is no board "a\x00" that you may open.`, `没有您可以打开的看板 "a\x00"。`)
	// another order
	f("li.wei saved revision 4 at 2026-05-03 10:00, you began from 3; open it and merge, or save yours as a copy.",
		"li.wei 已于 2026-05-03 10:00 保存第 4 版，您是从第 3 版开始修改的；请打开新版本合并，或把您的另存为副本。")
	// messages within messages
	f("tab t1: widget w2: figure 1: formula: at 8: brackets go deeper than 20.", "标签页 t1：组件 w2：指标 1：公式第 8 个字符处：括号嵌套超过 20 层。")
	f("formula: at 3: accounts and boxes·minutes^2 cannot be added; only what has one unit can.", "公式第 3 个字符处：户与台·分钟^2 不能相加；只有单位相同的才能相加。")
	f("formula: at 1: there is a 'x' that does not belong here.", "公式第 1 个字符处：“x”不应出现在这里。")
	// phrases and lists
	f("limit: no does not fit; must be 1 to 1000.", "limit：no 不正确；须为 1 至 1000。")
	f("edits: string does not fit; must be true or false.", "edits：string 不正确；须为 true 或 false。")
	f("feed: x does not fit; must be one of users, orders.", "feed：x 不正确；须为 users、orders 之一。")
	f("This shows data that is not open to you in any province: users, src.shop, ratings. Whoever manages your account can give it to you.",
		"这里的数据在任何省份都未对您开放：用户、src.shop、收视。管理您账户的人可以为您授权。")
	f("This takes what you may not do: make_boards, export. Whoever manages your account can let you.", "这需要您没有的权限：制作看板、导出。管理您账户的人可以为您开通。")
	f("You may not give what is not yours to pass on: users in 33,34; the powers export, people.", "您不能授予自己不可转授的：用户（33,34）；权限：导出、管理人员。")
	f(`period: there is no unit "moon"; allowed: [day week month].`, "时间：没有单位“moon”；可选：day、week、month。")
	f(`3 of 4 rows are wrong, the first in row 2, column "金额", value "十": It is no amount of money; write it as 19.90. Put the file right, or the types of the columns.`,
		"共 4 行，其中 3 行有误，首个在第 2 行的列“金额”，内容为“十”：不是金额；请写成 19.90 的形式。请修正文件，或更改列的类型。")
	// what people wrote stays as they wrote it
	f("There is or was a data source users, and a name is never given twice; take another.", "数据源 users 已存在或曾经存在，标识不能重复使用；请换一个。")
	f("There is no sheet \"a\"; there are: Zhang, Li and Wang, June.", "没有工作表“a”；现有：Zhang, Li and Wang, June。")
	f("users lets you see this board, not change it; save a copy of your own.", "users 只允许您查看此看板，不能修改；请另存为自己的副本。")
	// the text of the message wins, not what was put into it
	f("column 2 (a: at most 3 bytes of text.): a title has at most 200 bytes.", "第 2 列（a: at most 3 bytes of text.）：名称最多 200 字节。")
	// no pair
	f("", "")
	f("The moon is full.", "")
	f("Too many tries; wait long s.", "")
	f("只有管理员可以这样做。", "")
	f(strings.Repeat("x", MaxMessage)+": the field stands twice.", "")
}

func TestMatch(t *testing.T) {
	f := func(pattern, message string, want ...string) {
		t.Helper()
		p, err := parseFormat(pattern)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := p.match(message)
		if ok != (want != nil) || ok && strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q of %q: %q, %v; want %q", pattern, message, got, ok, want)
		}
	}
	f("a %s b", "a x b", "x")
	f("a %s b", "a  b", "")
	f("a %s b", "a x b b", "x b")
	f("a %s b", "a x b ")
	f("%s: %s.", "x: y: z.", "x", "y: z")
	f("%s: it has %s", "a: b: it has c", "a: b", "c")
	f("%s", "", "")
	f("%s is", "this is", "this")
	f("%d of %d", "1 of -2", "1", "-2")
	f("%d of %d", "1 of x")
	f("%s %d", "a b 7", "a b", "7")
	f("%s has %d.", "x has y has 7.", "x has y", "7")
	f("%q: %q", `"a: b": "\""`, `"a: b"`, `"\""`)
	f("%q", `"a`)
	f("100%% of %s", "100% of x", "x")
	f("100%% of %s", "100 of x")
	f("%[2]s then %[1]s", "a then b", "b", "a")
	f("%.40q is", `"é" is`, `"é"`)
}

// TestPairsAreChecked holds what a file of pairs must not say.
func TestPairsAreChecked(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := readPairs(fstest.MapFS{"zh/a.txt": {Data: []byte(text)}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	f("# of a\n\nHave %d of %s.\n有 %[2]s 的 %[1]d。\n", "")
	f("Have %d of %s.\n有 %[2]w 的 %[1]d。\n", "")
	f("Have %d.\n有。\n", "argument 1 is missing")
	f("Have.\n有 %d。\n", "no argument 1")
	f("Have %d.\n有 %s。\n", "is %d there, and %s")
	f("Have %d.\n有 %w。\n", "is %d there, and %w")
	f("Have %w.\n有 %w。\n", "no source has such")
	f("Have %s%s.\n有 %s%s。\n", "side by side")
	f("Have 5%.\n有 5%%。\n", "without a verb")
	f("Have %[x]s.\n有 %s。\n", "no number of an argument")
	f("Have %[1s.\n有 %s。\n", "not closed")
	f("Have.\n", "has no Chinese")
	f("Have.\n\n有。\n", "has no Chinese")
	f("Have.\n有。\n\nHave.\n有的。\n", "stands at zh/a.txt:2 too")
	f("Have %s.\n有 %s。\n\nHave %v.\n有的 %v。\n", "stands at zh/a.txt:2 too")
}

func FuzzChinese(f *testing.F) {
	pairs, err := readPairs(files)
	if err != nil {
		f.Fatal(err)
	}
	for n, p := range pairs {
		if n%20 == 0 {
			f.Add(p.english, "x", "7")
		}
	}
	f.Add("tab %s: widget %s: %s", "a: b", "1, 2; 3")
	f.Fuzz(func(t *testing.T, format, a, b string) {
		got, ok := Chinese(format)
		if !ok && got != format {
			t.Fatalf("%q became %q without a pair", format, got)
		}
		p, err := parseFormat(format)
		if err != nil || p.args() > 100 {
			return
		}
		// What was put in comes out again: the message is of its format.
		var said strings.Builder
		for n, s := range p {
			switch {
			case s.verb == 0:
				said.WriteString(s.text)
			case s.verb == 'd':
				fmt.Fprint(&said, len(a))
			case s.verb == 'q':
				said.WriteString(strconv.Quote(b))
			case n%2 == 0:
				said.WriteString(a)
			default:
				said.WriteString(b)
			}
		}
		message := said.String()
		got, ok = Chinese(message)
		if !ok && got != message {
			t.Fatalf("%q became %q without a pair", message, got)
		}
		var again strings.Builder
		if args, ok := p.match(message); ok {
			for _, s := range p {
				if s.verb == 0 {
					again.WriteString(s.text)
				} else {
					again.WriteString(args[s.arg])
				}
			}
			if again.String() != message && !twice(p) {
				t.Fatalf("%q is %q by %q", message, again.String(), format)
			}
		} else if simple(p) {
			t.Fatalf("%q is not of %q", message, format)
		}
	})
}

// twice reports whether an argument stands in two places: no pair has such.
func twice(f format) bool {
	seen := map[int]bool{}
	for _, s := range f {
		if s.verb != 0 && seen[s.arg] {
			return true
		}
		seen[s.arg] = seen[s.arg] || s.verb != 0
	}
	return false
}

// simple reports whether all holes hold anything: then the message must fit.
func simple(f format) bool {
	for _, s := range f {
		if sure(s.verb) {
			return false
		}
	}
	return !twice(f)
}

func BenchmarkChinese(b *testing.B) {
	for _, m := range []string{
		"Only an administrator may do this.",
		"tab t1: widget w2: figure 1: formula: at 8: brackets go deeper than 20.",
		"The moon is full, and so is the disk: nothing here is a message of ours.",
	} {
		b.Run(strings.Fields(m)[0], func(b *testing.B) {
			for b.Loop() {
				Chinese(m)
			}
		})
	}
}
