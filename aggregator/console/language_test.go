package console

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

func TestWhichLanguageIsAskedFor(t *testing.T) {
	f := func(chinese bool, headers ...string) {
		t.Helper()
		r := httptest.NewRequest("GET", "/", nil)
		for _, h := range headers {
			r.Header.Add("Accept-Language", h)
		}
		if got := wantsChinese(r); got != chinese {
			t.Errorf("%q: Chinese %v, want %v", headers, got, chinese)
		}
	}
	f(false)
	f(false, "")
	f(true, "zh")
	f(true, "zh-CN")
	f(true, "ZH-Hans-CN")
	f(false, "en")
	f(false, "fr")
	f(false, "zhx")
	f(false, "*")
	// what browsers send
	f(true, "zh-CN,zh;q=0.9,en;q=0.8")
	f(false, "en-GB,en;q=0.9,zh-CN;q=0.8")
	f(true, "fr-FR, zh;q=0.5, en;q=0.3")
	f(true, "en;q=0.3", "zh;q=0.5")
	// equal ones: the first; one that is named goes before *
	f(true, "zh, en")
	f(false, "en, zh")
	f(true, "*, zh")
	f(false, "*, zh;q=0.1")
	f(true, "zh;q=0.5, *;q=0.1")
	// none of it
	f(false, "zh;q=0")
	f(false, "zh;q=0, *")
	f(true, "en;q=0, zh;q=0.001")
	f(true, "zh;q=0.1, en;q=0.5, zh-CN;q=0.9")
	// what cannot be read says nothing
	f(false, "zh;q=2")
	f(false, "zh;q=x, en")
	f(false, "zh;level=1")
	f(true, "zh ; Q = 0.7")
	f(false, ";,;;q=1,,")
	f(false, "zh;q=NaN")
}

// A refusal is told in the language that is asked for, its code in both the same.
func TestRefusalsSpeakTheReadersLanguage(t *testing.T) {
	b := newBench(t)
	f := func(method, path, token, body string, status int, code, english, chinese string) {
		t.Helper()
		for language, want := range map[string]string{"": english, "en-GB,zh;q=0.5": english, "zh-CN,zh;q=0.9,en;q=0.8": chinese} {
			header := []string{"Accept-Language", language}
			if language == "" {
				header = nil
			}
			r := b.do(method, path, token, body, header...)
			var e errorBody
			if err := json.Unmarshal([]byte(r.body), &e); err != nil || r.status != status || e.Error.Code != code || e.Error.Message != want {
				t.Errorf("%s in %q: %d %s (%v)\nwant %d %s %s", path, language, r.status, r.body, err, status, code, want)
			}
			says := "en"
			if want == chinese {
				says = "zh-CN"
			}
			if r.header.Get("Content-Language") != says || !strings.Contains(strings.Join(r.header.Values("Vary"), ","), "Accept-Language") {
				t.Errorf("%s in %q: %v", path, language, r.header)
			}
		}
	}
	f("POST", "/api/v1/signin", "", `{"name":"root","password":"not this one"}`, http.StatusUnauthorized, "sign_in_refused",
		"Name and password do not fit together. Whoever forgot the password asks the one who manages their account for a link.", "用户名与密码不符。忘记密码的人可请管理其账户的人生成登录链接。")
	f("GET", "/api/v1/me", "", "", http.StatusUnauthorized, "unauthorized", errUnauthorized.Message, "请在页面上登录，或使用一次性链接（aggregator link），或以 Authorization: Bearer TOKEN 带上 API 令牌（aggregator token）。")
	f("GET", "/api/v1/nothing?a=1", b.all, "", http.StatusNotFound, "not_found", "There is no GET /api/v1/nothing; /api/v1/openapi.json lists what there is.", "没有 GET /api/v1/nothing；/api/v1/openapi.json 列出了全部接口。")
	f("POST", "/api/v1/query", b.all, `{"indicators":["power_ons"],`+today+`,"top":"x"}`, http.StatusBadRequest, "bad_body", "top: string does not fit; must be a whole number.", "top：string 不正确；须为整数。")
	f("POST", "/api/v1/query", b.all, `{"indicators":["power_ons"],"from":"2026-11-23","to":"2026-11-22"}`, http.StatusBadRequest, "bad_period",
		"from: 2026-11-23 lies after to, 2026-11-22; both days count, so from may be at most to.", "时间：开始日期 2026-11-23 晚于结束日期 2026-11-22；两端都计入，开始日期不能晚于结束日期。")
	orders := b.token(settings.Principal{Name: "orders", Grants: aggregator.GrantsOf(aggregator.Scope{All: true}, aggregator.DataOrders)})
	f("POST", "/api/v1/query", orders, `{"indicators":["power_ons"],`+today+`}`, http.StatusForbidden, "not_granted",
		"This shows data that is not open to you in any province: activity. Whoever manages your account can give it to you.", "这里的数据在任何省份都未对您开放：开机活跃。管理您账户的人可以为您授权。")
	f("POST", "/api/v1/boards/answer", b.all, drawn("figure", `{"figures":[{"formula":"orders +","title":{"zh":"","en":"f"}}]}`), http.StatusBadRequest, "bad_formula",
		"figure 1: formula: at 9: it ends where a number or an indicator should stand.", "指标 1：公式第 9 个字符处：公式在此结束，此处应为数字或指标。")
	b.queries.fail.Store(true)
	f("POST", "/api/v1/query", b.all, `{"indicators":["power_ons"],`+today+`}`, http.StatusInternalServerError, "internal", "Internal error; the server's log says more.", "内部错误；详情见服务器日志。")
	if n := testutil.ToFloat64(b.console.speaker.untold); n != 0 {
		t.Errorf("%v messages had no Chinese", n)
	}
	// What has no Chinese stays English, says so, and is counted.
	if text, ok := b.console.speaker.chinese("The moon is full."); ok || text != "The moon is full." || testutil.ToFloat64(b.console.speaker.untold) != 1 {
		t.Errorf("%q %v", text, ok)
	}
}

// What answers tell of failures is in the reader's language too: what was wrong with
// rows of a source, a widget of a file that is not open.
func TestAnswersSpeakTheReadersLanguage(t *testing.T) {
	b := newBench(t)
	root := b.person("root.of", settings.Permit{Role: settings.RoleAdministrator, Scope: aggregator.Scope{All: true}})
	up := b.upload(root, "day,province,amount\n"+soldOn+",33,5\nyesterday,33,6\n")
	if r := b.ask(root, "POST", "/api/v1/sources", `{"definition":`+salesSource("sales")+`,"upload":"`+up+`"}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	bad := b.upload(root, "day,province,amount\nyesterday,Narnia,x\n")
	b.wantError(b.ask(root, "POST", "/api/v1/sources/sales/refresh", `{"upload":"`+bad+`"}`), 400, "bad_file", "1 of 1 rows are wrong")
	f := func(path, token, cookie, language string, want ...string) {
		t.Helper()
		r := b.do("GET", path, token, "", "Accept-Language", language, "Cookie", cookie)
		for _, w := range want {
			if !strings.Contains(r.body, w) {
				t.Errorf("%s in %s: %d %s\nlacks %s", path, language, r.status, r.body, w)
			}
		}
	}
	const why, reason = "共 1 行，其中 1 行有误，首个在第 2 行的列“province”，内容为“Narnia”：没有这个省份；请填写名称，或两位代码。请修正文件，或更改列的类型。", "It is no day; write it as 2026-05-03."
	f("/api/v1/sources", "", root, "zh", why)
	f("/api/v1/sources/sales", "", root, "zh", why, `"text":"不是日期；请写成 2026-05-03 的形式。"`)
	f("/api/v1/sources", "", root, "en", "There is no such province; write its name, or its code of two digits.")
	f("/api/v1/sources/sales", "", root, "en", `"text":"`+reason+`"`)

	b.tellFiles()
	faults := "/api/v1/feeds/files/" + fileID + "/faults"
	f(faults, b.admin, "", "zh", `"text":"共 2 条记录，其中 2 条有误"`, `"text":"no time"`)
	f(faults, b.admin, "", "en", `"text":"2 of 2 records are bad"`)

	// A file has the language of the file, whatever the request's is.
	id := b.everyoneMay(exportBoardOf(exportedWidgets[:1]))
	orders := b.token(settings.Principal{Name: "orders", Grants: aggregator.GrantsOf(aggregator.Scope{All: true}, aggregator.DataOrders)})
	f("/api/v1/boards/"+id+"/export?format=html&lang=zh", orders, "", "en", "这里的数据在任何省份都未对您开放：开机活跃。")
	f("/api/v1/boards/"+id+"/export?format=html&lang=en", orders, "", "zh", "not open to you in any province: activity.")
}
