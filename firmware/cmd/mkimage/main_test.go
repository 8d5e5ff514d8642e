package main

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	f := func(args, env string, status int, want string) {
		t.Helper()
		var out bytes.Buffer
		getenv := func(name string) string {
			for pair := range strings.FieldsSeq(env) {
				if n, v, _ := strings.Cut(pair, "="); n == name {
					return v
				}
			}
			return ""
		}
		got := run(t.Context(), strings.Fields(args), getenv, &out, &out)
		if got != status || !strings.Contains(out.String(), want) {
			t.Errorf("mkimage %s: %d\n%s\nwant %d, %s", args, got, out.String(), status, want)
		}
	}
	build := "build --target linux-armv7 --agent a --conf c --version 1.0 --out o"
	f("", "", 2, "mkimage targets\n")
	f("--help", "", 0, "the kinds of box")
	f("--help", "LANG=zh_CN.UTF-8", 0, "机顶盒类型")
	f("--help", "LC_ALL=C LANG=zh_CN.UTF-8", 0, "the kinds of box")
	f("make", "", 2, `"make" is no command; allowed: build, all, targets, conf`)
	f("make", "LANG=zh_CN", 2, "没有命令")
	f("targets", "", 0, "linux-armv7      armv7      busybox  3.10")
	f("targets --names", "", 0, "android-armv7\nandroid-arm64\n")
	f("targets", "LANG=zh_CN", 0, "64 位 Android 机顶盒")
	f("targets x", "", 2, `"x" is no flag`)
	f("targets --targets nowhere.yaml", "", 1, "nowhere.yaml")
	f("conf", "", 0, "STBAGENT_LISTEN=127.0.0.1:7780\n")
	f("build", "", 2, "--target is missing")
	f("build -h", "LANG=zh_CN", 0, "校验 broker 的证书")
	f("build --boom", "", 2, "boom")
	f(strings.Replace(build, "linux-armv7", "linux-armv9", 1), "", 2, `target "linux-armv9": no such target; there are android-armv7, `)
	f(build, "", 1, "make firmware-agents")
	f(build, "SOURCE_DATE_EPOCH=yesterday", 2, `SOURCE_DATE_EPOCH="yesterday"; want seconds since 1970`)
	f("all", "", 2, "--agents is missing")
	f("all --agents a --conf c --version 1.0 --out o", "", 1, "android-armv7: agent: open a/stbagent-armv7")
}

// TestBothLanguages: no word of one is missing in the other.
func TestBothLanguages(t *testing.T) {
	en, zh := reflect.ValueOf(english), reflect.ValueOf(chinese)
	for i := range en.NumField() {
		name := en.Type().Field(i).Name
		if en.Field(i).Kind() == reflect.String && (en.Field(i).String() == "" || zh.Field(i).String() == "") {
			t.Errorf("%s is missing", name)
		}
		if en.Field(i).Kind() == reflect.Map && en.Field(i).Len() != zh.Field(i).Len() {
			t.Errorf("%s: %d in English, %d in Chinese", name, en.Field(i).Len(), zh.Field(i).Len())
		}
	}
}
