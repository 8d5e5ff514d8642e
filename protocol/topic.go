package protocol

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// The topics [P-2.1]; the digit is the version of the wire.
//
//	u1/<pp>/<ss>/<box>  batch    up    QoS 1
//	a1/<pp>/<box>       ack      down  QoS 0
//	p1/<pp>/<group>     profile  down  QoS 1, retained
//	c1/<pp>/<box>       command  down  QoS 1, retained
//	s1/<pp>/<box>       will     up    QoS 1

// Route is where a batch claims to come from, as its topic says it.
type Route struct {
	Province uint8 // two digits
	Shard    uint8 // must be ShardOf(Box)
	Box      string
}

// ShardOf is the first byte of SHA-256(box); aggregators divide work by it.
func ShardOf(box string) uint8 {
	sum := sha256.Sum256([]byte(box))
	return sum[0]
}

// CheckBox reports what is wrong with a box id: it must be 16 to 32 of [0-9a-z].
func CheckBox(box string) error {
	if len(box) < 16 || len(box) > 32 {
		return faultf(Malformed, "box", "%d characters, allowed 16..32", len(box))
	}
	for _, c := range []byte(box) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return faultf(Malformed, "box", "character %q, allowed 0-9 and a-z", c)
		}
	}
	return nil
}

// UpTopic is where box publishes its batches.
func UpTopic(province uint8, box string) string {
	return fmt.Sprintf("u1/%02d/%02x/%s", province, ShardOf(box), box)
}

// AckTopic is where box hears acks.
func AckTopic(province uint8, box string) string { return fmt.Sprintf("a1/%02d/%s", province, box) }

// WillTopic is where the broker says that box is gone.
func WillTopic(province uint8, box string) string { return fmt.Sprintf("s1/%02d/%s", province, box) }

// ClientID is the MQTT client id of box in an epoch: two boxes with one id do
// not throw each other out.
func ClientID(box string, epoch uint64) string {
	return fmt.Sprintf("%s.%08x", box, uint32(epoch>>32))
}

// ParseUpTopic is the inverse of UpTopic; it refuses a shard that is not the
// box's.
func ParseUpTopic(topic string) (Route, error) {
	part := strings.Split(topic, "/")
	if len(part) != 4 || part[0] != "u1" {
		return Route{}, faultf(Malformed, "topic", "%.80q, must be u1/<province>/<shard>/<box>", topic)
	}
	province, ok := digits(part[1])
	if !ok {
		return Route{}, faultf(Malformed, "topic", "province %.8q, must be two digits from 10", part[1])
	}
	if err := CheckBox(part[3]); err != nil {
		return Route{}, err
	}
	shard := ShardOf(part[3])
	if part[2] != fmt.Sprintf("%02x", shard) {
		return Route{}, faultf(Malformed, "topic", "shard %.8q, this box's is %02x", part[2], shard)
	}
	return Route{Province: province, Shard: shard, Box: part[3]}, nil
}

func digits(s string) (uint8, bool) {
	if len(s) != 2 || s[0] < '1' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	return (s[0]-'0')*10 + s[1] - '0', true
}
