// Package doctor looks at a box as the agent will find it: folder, flash, clock,
// kernel, network, certificates, and the agent that runs. Each problem it finds
// comes with the command that cures it. It changes nothing that lasts.
package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/daemon"
)

// Text is said in two languages.
type Text struct{ EN, ZH string }

// say makes a Text of two formats that take the same arguments in one order.
func say(en, zh string, args ...any) Text {
	return Text{fmt.Sprintf(en, args...), fmt.Sprintf(zh, args...)}
}

// Level grades a finding.
type Level string

const (
	OK      Level = "ok"
	Note    Level = "note"    // worth knowing, nothing to be done
	Problem Level = "problem" // something is wrong, and Cure says what to do
)

// Finding is one thing that was found out.
type Finding struct {
	Level Level
	What  Text
	Cure  Text // of a problem: a command, or what to do
}

func good(en, zh string, args ...any) Finding { return Finding{Level: OK, What: say(en, zh, args...)} }
func note(en, zh string, args ...any) Finding {
	return Finding{Level: Note, What: say(en, zh, args...)}
}
func bad(cure Text, en, zh string, args ...any) Finding {
	return Finding{Level: Problem, What: say(en, zh, args...), Cure: cure}
}

// Check is one examination.
type Check struct {
	Name  string // by which it is chosen
	Title Text
	// IsDefault: it runs without being chosen.
	IsDefault bool
	Run       func(ctx context.Context, p *Patient) []Finding
	// AbortIfFailed: after a problem here the others would only mislead.
	AbortIfFailed bool
	Priority      int // low ones run first
}

// Patient is what is examined. Config holds what the flags of an agent said; all
// of it may be missing but Dir.
type Patient struct {
	Config        daemon.Config
	CA, Cert, Key string // files
	Keys          string // file with the keys that sign profiles
	// Root is where proc, sys, etc and dev are looked for; "": the machine's.
	Root  string
	Clock agent.Clock
	Dial  func(ctx context.Context, network, addr string) (net.Conn, error) // nil: the network
	// Resolve finds a host's addresses; nil: as the agent does.
	Resolve func(ctx context.Context, host string) ([]string, error)
	// TLS is what brokers are checked with; nil: what CA, Cert and Key hold.
	TLS *tls.Config

	asked  bool
	status daemon.Status
	err    error
}

// state asks the agent on the folder, once.
func (p *Patient) state(ctx context.Context) (daemon.Status, error) {
	if !p.asked {
		p.asked = true
		p.status, p.err = daemon.Ask(ctx, p.Config.Dir)
	}
	return p.status, p.err
}

// Result is what a check found.
type Result struct {
	Check    *Check
	Findings []Finding
}

// Level is that of the worst finding.
func (r *Result) Level() Level {
	worst := OK
	for _, f := range r.Findings {
		if f.Level == Problem || f.Level == Note && worst == OK {
			worst = f.Level
		}
	}
	return worst
}

// Checks lists all, in the order in which they run.
func Checks() []*Check {
	all := []*Check{
		{"proc", say("the kernel's files", "内核文件"), true, checkProc, true, 1},
		{"folder", say("data folder", "数据目录"), true, checkFolder, false, 10},
		{"outbox", say("outbox", "事件库"), true, checkOutbox, false, 20},
		{"speed", say("speed of the flash", "闪存速度"), false, checkSpeed, false, 25},
		{"clock", say("clock", "时钟"), true, checkClock, false, 30},
		{"boot", say("boot and time since it", "开机标识与开机时长"), true, checkBoot, false, 31},
		{"kernel", say("kernel", "内核"), true, checkKernel, false, 40},
		{"random", say("random numbers", "随机数"), true, checkRandom, false, 41},
		{"memory", say("memory", "内存"), true, checkMemory, false, 42},
		{"certificates", say("certificates", "证书"), true, checkCertificates, false, 50},
		{"keys", say("keys of profiles", "配置签名公钥"), true, checkKeys, false, 51},
		{"brokers", say("brokers", "消息服务器"), true, checkBrokers, false, 60},
		{"agent", say("running agent", "运行中的采集程序"), true, checkAgent, false, 70},
		{"ways-in", say("ways in for pages and programs", "页面与程序的上报入口"), true, checkWaysIn, false, 80},
		{"acks", say("answers of the centre", "中心应答"), true, checkAcks, false, 90},
		{"backlog", say("backlog", "积压"), true, checkBacklog, false, 91},
	}
	slices.SortStableFunc(all, func(a, b *Check) int { return a.Priority - b.Priority })
	return all
}

// Choose returns the named checks in their order; no names: the default ones.
func Choose(names []string) ([]*Check, error) {
	all := Checks()
	for _, n := range names {
		if !slices.ContainsFunc(all, func(c *Check) bool { return c.Name == n }) {
			return nil, fmt.Errorf("check: %q is none; stbagent doctor --list shows them", n)
		}
	}
	return slices.DeleteFunc(all, func(c *Check) bool {
		return len(names) == 0 && !c.IsDefault || len(names) > 0 && !slices.Contains(names, c.Name)
	}), nil
}

// Run examines p and hands each result to each as it comes. False: there is a
// problem.
func Run(ctx context.Context, p *Patient, checks []*Check, each func(Result)) bool {
	well := true
	for _, c := range checks {
		one, cancel := context.WithTimeout(ctx, 30*time.Second)
		r := Result{c, c.Run(one, p)}
		cancel()
		each(r)
		if r.Level() == Problem {
			well = false
			if c.AbortIfFailed {
				break
			}
		}
		if ctx.Err() != nil {
			return false
		}
	}
	return well
}
