package daemon

import (
	"strconv"
	"strings"
)

// exposition is text in the format that Prometheus scrapes (version 0.0.4),
// written without the client library: the box has no room for it.
type exposition struct{ b []byte }

// labelled is one value of a family and its label's.
type labelled struct {
	label string
	value uint64
}

func (x *exposition) head(name, kind, help string) {
	x.b = append(x.b, "# HELP "+name+" "+strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help)+"\n# TYPE "+name+" "+kind+"\n"...)
}

// counter appends what only rises; its name must end in _total.
func (x *exposition) counter(name, help string, v uint64) {
	x.head(name, "counter", help)
	x.b = append(strconv.AppendUint(append(x.b, name+" "...), v, 10), '\n')
}

// gauge appends what goes up and down.
func (x *exposition) gauge(name, help string, v float64) {
	x.head(name, "gauge", help)
	x.b = append(strconv.AppendFloat(append(x.b, name+" "...), v, 'g', -1, 64), '\n')
}

// seconds appends a counter of seconds, told in milliseconds.
func (x *exposition) seconds(name, help string, ms uint64) {
	x.head(name, "counter", help)
	x.b = append(strconv.AppendFloat(append(x.b, name+" "...), float64(ms)/1000, 'g', -1, 64), '\n')
}

// counters appends a family of counters, told apart by one label.
func (x *exposition) counters(name, help, label string, values ...labelled) {
	x.family(name, "counter", help, label, values)
}

// gauges appends a family of gauges, told apart by one label.
func (x *exposition) gauges(name, help, label string, values ...labelled) {
	x.family(name, "gauge", help, label, values)
}

func (x *exposition) family(name, kind, help, label string, values []labelled) {
	x.head(name, kind, help)
	for _, v := range values {
		x.b = append(x.b, name+"{"+label+`="`+strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(v.label)+`"} `...)
		x.b = append(strconv.AppendUint(x.b, v.value, 10), '\n')
	}
}
