package protocol_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/protocol"
)

func TestTopicRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		box := rapid.StringMatching(`[0-9a-z]{16,32}`).Draw(t, "box")
		province := uint8(rapid.IntRange(10, 99).Draw(t, "province"))
		got, err := protocol.ParseUpTopic(protocol.UpTopic(province, box))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, protocol.Route{Province: province, Shard: protocol.ShardOf(box), Box: box})
	})
}

func TestTopicFaults(t *testing.T) {
	const box = "0123456789abcdef"
	good := protocol.UpTopic(33, box)
	f := func(topic, field string) {
		t.Helper()
		_, err := protocol.ParseUpTopic(topic)
		wantFault(t, err, protocol.Malformed, field)
	}
	f("", "topic")
	f("a1"+good[2:], "topic")
	f("u2"+good[2:], "topic")
	f(good+"/", "topic")
	f(strings.TrimSuffix(good, "/"+box), "topic")
	f(strings.Replace(good, "/33/", "/3/", 1), "topic")
	f(strings.Replace(good, "/33/", "/03/", 1), "topic")
	f(strings.Replace(good, "/33/", "/3a/", 1), "topic")
	f(strings.Replace(good, "/33/", "/333/", 1), "topic")
	other := protocol.UpTopic(33, "0123456789abcdeg")
	f(other[:len(other)-1]+"f", "topic") // another box's shard
	f(strings.ToUpper(good[:8])+good[8:], "topic")
	f("u1/33/ff/short", "box")
	f("u1/33/ff/"+strings.Repeat("a", 33), "box")
	f("u1/33/ff/0123456789ABCDEF", "box")
	f("u1/33/ff/0123456789abcde+", "box")
}

func TestTopicNames(t *testing.T) {
	const box = "0123456789abcdef"
	wantEqual(t, protocol.AckTopic(33, box), "a1/33/0123456789abcdef")
	wantEqual(t, protocol.WillTopic(33, box), "s1/33/0123456789abcdef")
	wantEqual(t, protocol.ClientID(box, 0x0123456789abcdef), "0123456789abcdef.01234567")
}
