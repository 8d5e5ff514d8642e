package aggregator

import (
	"strings"
	"testing"
)

func TestRegions(t *testing.T) {
	all := Regions()
	provinces := map[Province]string{}
	names := map[string]bool{}
	for i, r := range all {
		if i > 0 && all[i-1].Code >= r.Code {
			t.Errorf("%s stands after %s", r.Code, all[i-1].Code)
		}
		if r.ZH == "" || r.EN == "" || r.ZH != strings.TrimSpace(r.ZH) || r.EN != strings.TrimSpace(r.EN) {
			t.Errorf("%s: names %q, %q", r.Code, r.ZH, r.EN)
		}
		switch len(r.Code) {
		case 2:
			provinces[r.Province()] = r.EN
			if r.City() != 0 {
				t.Errorf("province %s has city %v", r.Code, r.City())
			}
		case 4:
			if provinces[r.Province()] == "" {
				t.Errorf("city %s has no province before it", r.Code)
			}
			if r.City().Province() != r.Province() || r.City().String() != r.Code {
				t.Errorf("city %s: %v of %v", r.Code, r.City(), r.City().Province())
			}
		default:
			t.Errorf("code %q", r.Code)
		}
		key := r.Province().String() + r.ZH
		if names[key] && !strings.HasPrefix(r.Code, "11") && !strings.HasPrefix(r.Code, "12") && !strings.HasPrefix(r.Code, "31") {
			t.Errorf("%s: two regions of a province are named %s", r.Code, r.ZH)
		}
		names[key] = true
	}
	if len(provinces) != 34 {
		t.Errorf("%d provinces, want 34", len(provinces))
	}
	if n := len(all) - len(provinces); n < 333 {
		t.Errorf("%d cities, want at least the 333 prefectures", n)
	}
}

func TestLookUp(t *testing.T) {
	f := func(code, zh, en string) {
		t.Helper()
		r, ok := LookUp(code)
		if !ok || r.ZH != zh || r.EN != en {
			t.Errorf("LookUp(%q) = %+v, %v; want %s %s", code, r, ok, zh, en)
		}
	}
	f("33", "浙江", "Zhejiang")
	f("3301", "杭州", "Hangzhou")
	f("43", "湖南", "Hunan")
	f("4331", "湘西", "Xiangxi")
	f("61", "陕西", "Shaanxi")
	f("14", "山西", "Shanxi")
	f("5325", "红河", "Honghe")
	for _, code := range []string{"", "3", "99", "3399", "33010"} {
		if r, ok := LookUp(code); ok {
			t.Errorf("LookUp(%q) = %+v, want none", code, r)
		}
	}
}

func TestParseProvince(t *testing.T) {
	if p, err := ParseProvince("33"); p != 33 || err != nil {
		t.Errorf("33: %v, %v", p, err)
	}
	for _, bad := range []string{"", "3", "333", "3301", "zj", "99", "-1"} {
		if p, err := ParseProvince(bad); err == nil || !strings.Contains(err.Error(), "bad_province") {
			t.Errorf("ParseProvince(%q) = %v, %v", bad, p, err)
		}
	}
}
