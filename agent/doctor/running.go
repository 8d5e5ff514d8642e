package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/outbox"
	"iptvdc/agent/uplink"
)

// running is the agent's status; not ok: none runs, or its answer is missing.
func (p *Patient) running(ctx context.Context) (s daemon.Status, ok bool) {
	s, err := p.state(ctx)
	return s, err == nil && s.Running
}

func checkAgent(ctx context.Context, p *Patient) []Finding {
	s, err := p.state(ctx)
	start := say("stbagent run --data %s --broker URL --province CODE    (or the service of init: its log says why it ended)", "stbagent run --data %s --broker URL --province 代码    （或检查 init 服务及其日志）", p.Config.Dir)
	switch {
	case errors.Is(err, outbox.ErrBusy):
		return []Finding{bad(say("ps | grep stbagent    (end it by its number: kill NUMBER; init starts it anew)", "ps | grep stbagent    （kill 进程号，init 会重新启动）"),
			"it has the outbox open and does not answer: %v", "占用事件库但没有响应：%v", err)}
	case err != nil, !s.Running:
		return []Finding{bad(start, "none is running on %s", "%s 上没有运行中的采集程序", p.Config.Dir)}
	}
	out := []Finding{good("running: box %s, version %s", "运行中：机顶盒 %s，版本 %s", s.Box, s.Version)}
	if r := s.Recorder; r != nil && r.Failing {
		out = append(out, bad(say("stbagent doctor --data %s --check folder,outbox", "stbagent doctor --data %s --check folder,outbox", p.Config.Dir),
			"it cannot write to the flash: %d events wait in memory, %d commits failed", "无法写入闪存：内存中 %d 个事件，失败 %d 次", r.Pending, r.Failures))
	}
	if s.Uplink == nil {
		return append(out, note("it has no link yet: the outbox is not open", "尚无连接：事件库未打开"))
	}
	u := s.Uplink
	switch u.State {
	case uplink.Connected:
		out = append(out, good("connected to a broker", "已连接消息服务器"))
	case uplink.Held:
		out = append(out, note("connected; the centre has asked for a pause", "已连接；中心要求暂停发送"))
	default:
		if u.Connects == 0 && u.Failures == 0 {
			out = append(out, note("not connected yet: the first attempt waits up to two minutes after the start", "尚未连接：启动后首次连接最多随机等待两分钟"))
			break
		}
		out = append(out, bad(say("stbagent doctor --data %s --check brokers    (attempts are up to 15 minutes apart)", "stbagent doctor --data %s --check brokers    （重连间隔最长 15 分钟）", p.Config.Dir),
			"not connected, after %d failed attempts and %d lost connections", "未连接：失败 %d 次，断开 %d 次", u.Failures, u.Losses))
	}
	return out
}

// checkWaysIn tries the socket for programs and the loopback address.
func checkWaysIn(ctx context.Context, p *Patient) (out []Finding) {
	s, ok := p.running(ctx)
	if !ok {
		return p.portFree(ctx)
	}
	switch path := s.Socket; path {
	case "":
		out = append(out, note("there is no socket for programs (-socket none)", "未启用程序套接字（-socket none）"))
	default:
		out = append(out, socketAnswers(ctx, path, p.Config.Dir))
	}
	if s.Listen == "" {
		return append(out, note("there is no address for pages (-listen is empty)", "未启用页面地址（-listen 为空）"))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Listen+"/v1/status", nil)
	if err == nil {
		var resp *http.Response
		client := http.Client{Timeout: reachTime, Transport: &http.Transport{DisableKeepAlives: true}}
		if resp, err = client.Do(req); err == nil {
			resp.Body.Close()
		}
	}
	if err != nil {
		return append(out, bad(say("ip addr show lo    (the loopback must be up: ip link set lo up)", "ip addr show lo    （回环接口须启用：ip link set lo up）"), "http://%s does not answer: %v", "http://%s 没有响应：%v", s.Listen, err))
	}
	return append(out, good("http://%s answers", "http://%s 可用", s.Listen))
}

func socketAnswers(ctx context.Context, path, dir string) Finding {
	if len(path) >= 100 && filepath.Dir(path) == filepath.Clean(dir) {
		return note("%s: too long a path for a socket to be tried here", "%s：路径过长，无法在此测试", path)
	}
	conn, err := (&net.Dialer{Timeout: reachTime}).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		conn.Close()
	case errors.Is(err, syscall.EACCES):
		return bad(say("stbagent run -socket-gid GROUP    (and a path that others can reach)", "stbagent run -socket-gid 组号    （并使用其他用户可访问的路径）"), "%s: this user may not use it", "%s：该用户无权使用", path)
	default:
		return bad(say("ls -ld %s %s    (the folder must be there and belong to the agent's user; then start the agent again)", "ls -ld %s %s    （目录须存在且属于采集程序的用户，然后重启程序）", filepath.Dir(path), path),
			"%s does not answer: %v", "%s 没有响应：%v", path, err)
	}
	if fi, err := os.Stat(path); err == nil {
		return good("%s answers, mode %03o", "%s 可用，权限 %03o", path, fi.Mode().Perm())
	}
	return good("%s answers", "%s 可用", path)
}

// portFree sees whether the agent could have its address.
func (p *Patient) portFree(ctx context.Context) []Finding {
	if p.Config.Listen == "" {
		return []Finding{note("no agent is running; no address is asked for", "程序未运行；未指定地址")}
	}
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", p.Config.Listen)
	if err != nil {
		return []Finding{bad(say("netstat -ltnp    (who has it? or give the agent another one: --listen 127.0.0.1:PORT)", "netstat -ltnp    （查看占用者；或改用 --listen 127.0.0.1:端口）"),
			"%s cannot be had: %v", "%s 无法使用：%v", p.Config.Listen, err)}
	}
	l.Close()
	return []Finding{good("no agent is running; %s is free for one", "程序未运行；%s 空闲", p.Config.Listen)}
}

// longSilence is how long a connected agent with something to send may wait for
// an ack: a batch is sent again after at most ten minutes.
const longSilence = 20 * time.Minute

func checkAcks(ctx context.Context, p *Patient) (out []Finding) {
	s, ok := p.running(ctx)
	if !ok || s.Uplink == nil {
		return []Finding{note("no agent is running that could tell", "没有运行中的程序可供查询")}
	}
	u := s.Uplink
	age := time.Duration(s.UpMs-min(s.UpMs, u.LastAckMs)) * time.Millisecond
	switch {
	case u.LastAckMs > 0 && age > longSilence && s.Outbox.Events > 0:
		out = append(out, bad(say("stbagent status --data %s    (is it connected? if so, ask the centre: does its aggregator run?)", "stbagent status --data %s    （若已连接，请确认中心 aggregator 是否运行）", p.Config.Dir),
			"the last was %v ago, and %d events wait", "最近一次在 %v 前，尚有 %d 个事件等待", age.Round(time.Second), s.Outbox.Events))
	case u.LastAckMs > 0:
		out = append(out, good("the last was %v ago; %d in all", "最近一次在 %v 前；共 %d 次", age.Round(time.Second), u.Acks))
	case u.State == uplink.Connected && u.Sent > 3:
		out = append(out, bad(say("mosquitto_sub -t 'u1/#'    (on the broker's machine: do batches come? does the aggregator listen there?)", "mosquitto_sub -t 'u1/#'    （在服务器上确认是否收到数据，aggregator 是否连接）"),
			"none, though %d batches were sent", "没有应答，已发送 %d 批", u.Sent))
	default:
		out = append(out, note("none yet since the agent's start", "程序启动以来尚无应答"))
	}
	if u.Unknown > 0 && u.Acks == 0 {
		out = append(out, bad(say("register box %s at the centre, or take its revocation back", "在中心登记机顶盒 %s，或取消其吊销", s.Box), "the centre does not know this box (%d times)", "中心不认识该机顶盒（%d 次）", u.Unknown))
	}
	if u.Version > 0 {
		out = append(out, bad(say("upgrade the aggregator first, then boxes", "请先升级中心 aggregator"), "the centre is too old for this agent (%d times)", "中心版本过旧（%d 次）", u.Version))
	}
	return out
}

func checkBacklog(ctx context.Context, p *Patient) []Finding {
	s, err := p.state(ctx)
	if err != nil {
		return []Finding{note("nothing is known of it", "无法获知")}
	}
	held := s.Outbox.Events + s.Outbox.Open
	quota := p.Config.Outbox.MaxBytes
	if quota == 0 {
		quota = outbox.DefaultMaxBytes
	}
	link := say("stbagent doctor --data %s --check brokers,acks    (the way to the centre is what is wrong)", "stbagent doctor --data %s --check brokers,acks    （问题在于到中心的链路）", p.Config.Dir)
	switch {
	case s.Outbox.Evicted > 0:
		return []Finding{bad(link, "%d events wait; %d were given up for want of space", "积压 %d 个事件；因空间不足丢弃 %d 个", held, s.Outbox.Evicted)}
	case s.Outbox.Bytes > quota/2:
		return []Finding{bad(link, "%d events wait and take %s of %s", "积压 %d 个事件，占用 %s，上限 %s", held, bytesText(s.Outbox.Bytes), bytesText(quota))}
	}
	return []Finding{good("%d events wait for the centre", "等待上报 %d 个事件", held)}
}
