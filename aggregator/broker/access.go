package broker

import (
	"strings"

	"iptvdc/protocol"
)

// mayPublish reports whether box may publish on topic: its own u1 and s1.
func mayPublish(box, topic string) bool {
	switch {
	case strings.HasPrefix(topic, "u1/"):
		route, err := protocol.ParseUpTopic(topic)
		return err == nil && route.Box == box
	case strings.HasPrefix(topic, "s1/"):
		return isOwn(box, topic)
	}
	return false
}

// mayRead reports whether box may subscribe to filter: its own a1 and c1, and
// the profiles of a province, p1/<pp>/# or p1/<pp>/<group>.
func mayRead(box, filter string) bool {
	switch {
	case strings.HasPrefix(filter, "a1/"), strings.HasPrefix(filter, "c1/"):
		return isOwn(box, filter)
	case strings.HasPrefix(filter, "p1/"):
		province, group, ok := strings.Cut(filter[3:], "/")
		return ok && isProvince(province) && isGroup(group)
	}
	return false
}

// isOwn reports whether topic is <kind>/<pp>/<box>.
func isOwn(box, topic string) bool {
	province, name, ok := strings.Cut(topic[3:], "/")
	return ok && isProvince(province) && name == box
}

func isProvince(s string) bool {
	return len(s) == 2 && s[0] >= '1' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9'
}

func isGroup(s string) bool {
	return s == "#" || len(s) > 0 && len(s) <= 32 && !strings.ContainsAny(s, "/+#")
}

// ownsClientID reports whether a client id is one of box's: <box>.<anything>,
// so that no box can throw another one out.
func ownsClientID(box, id string) bool {
	return len(id) > len(box)+1 && id[len(box)] == '.' && id[:len(box)] == box
}
