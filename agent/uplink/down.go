package uplink

import (
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// A broker that refuses the topics of profiles may answer so, stay silent, or
// hang up. The last would keep the box from its work: after so many connections
// lost before an answer it is asked again only at every restNth connection.
const (
	maxUnanswered = 2
	restNth       = 16
)

// listen subscribes to Config.Topics, besides the acks and after them: the box
// works whether or not the broker grants it. The answer is taken by answered.
func (u *Uplink) listen(l *link) {
	if len(u.cfg.Topics) == 0 || u.cfg.Down == nil {
		return
	}
	if u.unanswered >= maxUnanswered {
		if u.unanswered++; (u.unanswered-maxUnanswered)%restNth != 0 {
			return
		}
	}
	filters := make(map[string]byte, len(u.cfg.Topics))
	for _, t := range u.cfg.Topics {
		filters[t] = 1
	}
	l.down = l.client.SubscribeMultiple(filters, nil)
}

// heard is closed when the broker has answered the subscription; nil: not asked,
// or answered already.
func (l *link) heard() <-chan struct{} {
	if l.down == nil {
		return nil
	}
	return l.down.Done()
}

// answered takes note of the broker's answer.
func (u *Uplink) answered(l *link) {
	token := l.down
	l.down = nil
	if token.Error() != nil { // the connection ended first
		u.unanswered++
		return
	}
	u.unanswered = 0
	if st, ok := token.(*mqtt.SubscribeToken); ok {
		for topic, qos := range st.Result() {
			if qos > 1 {
				u.log.Warn("the broker refuses the topic of profiles or commands", "topic", topic)
				u.count(&u.stats.DownRefused)
			}
		}
	}
}

// unheard is called when a connection ends with its subscription unanswered.
func (u *Uplink) unheard(l *link) {
	if l.down != nil {
		u.unanswered++
	}
}
