package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"iptvdc/agent/uplink"
)

// reachTime is how long a broker may take for each step.
const reachTime = 5 * time.Second

// checkBrokers resolves each broker, opens a connection, and shakes hands where
// TLS is asked for. It says nothing to the broker itself.
func checkBrokers(ctx context.Context, p *Patient) (out []Finding) {
	brokers := p.Config.Brokers
	if len(brokers) == 0 {
		if s, err := p.state(ctx); err == nil {
			brokers = s.Brokers
		}
	}
	if len(brokers) == 0 {
		return []Finding{note("none are known: no agent is running that could tell, and none are given. To check one: stbagent doctor --broker tcp://HOST:1883",
			"未知：没有运行中的程序可供查询，也未指定。检查方法：stbagent doctor --broker tcp://主机:1883")}
	}
	for _, b := range brokers {
		at, err := uplink.ParseBroker(b)
		if err != nil {
			out = append(out, bad(say("--broker tcp://HOST:1883    (or tls://HOST:8883)", "--broker tcp://主机:1883    （或 tls://主机:8883）"), "%v", "%v", err))
			continue
		}
		out = append(out, p.broker(ctx, at)...)
	}
	return out
}

func (p *Patient) broker(ctx context.Context, at *url.URL) (out []Finding) {
	addrs := []string{at.Hostname()}
	if net.ParseIP(at.Hostname()) == nil {
		ctx, cancel := context.WithTimeout(ctx, reachTime)
		defer cancel()
		resolve := p.Resolve
		if resolve == nil {
			resolve = net.DefaultResolver.LookupHost
		}
		var err error
		if addrs, err = resolve(ctx, at.Hostname()); err != nil {
			return []Finding{p.noName(at, err)}
		}
		out = append(out, good("%s is %s", "%s 解析为 %s", at.Hostname(), strings.Join(addrs, ", ")))
	}
	dial := p.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	ctx, cancel := context.WithTimeout(ctx, 2*reachTime)
	defer cancel()
	start := time.Now()
	conn, err := dial(ctx, "tcp", net.JoinHostPort(addrs[0], at.Port()))
	if err != nil {
		return append(out, noWay(at, err))
	}
	defer conn.Close()
	out = append(out, good("%s answers on TCP after %v", "%s TCP 可达，用时 %v", at.Host, time.Since(start).Round(time.Millisecond)))
	if at.Scheme == "tls" {
		out = append(out, p.shakeHands(ctx, conn, at)...)
	}
	return out
}

// noName explains why a name has no address. Boxes often have no resolver file:
// their network is set up by a middleware.
func (p *Patient) noName(at *url.URL, err error) Finding {
	cure := say("--broker %s://IP:%s    (give the broker by its address)", "--broker %s://IP:%s    （直接使用 IP 地址）", at.Scheme, at.Port())
	file, rerr := p.read("etc/resolv.conf")
	if rerr != nil {
		return bad(cure, "%s has no address: this box has no /etc/resolv.conf, so programs ask 127.0.0.1, where nobody answers (%v)",
			"无法解析 %s：本机没有 /etc/resolv.conf，程序只会询问 127.0.0.1（%v）", at.Hostname(), err)
	}
	var servers []string
	for line := range strings.Lines(string(file)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			servers = append(servers, f[1])
		}
	}
	if len(servers) == 0 {
		return bad(cure, "%s has no address: /etc/resolv.conf names no server (%v)", "无法解析 %s：/etc/resolv.conf 中没有 nameserver（%v）", at.Hostname(), err)
	}
	return bad(cure, "%s has no address; asked were %s: %v", "无法解析 %s；已询问 %s：%v", at.Hostname(), strings.Join(servers, ", "), err)
}

// noWay says what a failed connect means.
func noWay(at *url.URL, err error) Finding {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return bad(say("--broker    (is the port right? does the broker run there? on its machine: ss -ltn)", "--broker    （端口是否正确？服务器是否已启动？在服务器上执行 ss -ltn）"),
			"%s: the machine is there, but nobody listens on the port", "%s：主机可达，但端口无人监听", at.Host)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return bad(say("group inet    (in the service's stanza of init: Android lets only group 3003 use the network)", "group inet    （写入 init 的服务段：安卓只允许 3003 组使用网络）"),
			"%s: this user may not use the network", "%s：该用户无权使用网络", at.Host)
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return bad(say("ip addr; ip route    (is the cable in, is there an address and a default route?)", "ip addr; ip route    （检查网线、地址与默认路由）"),
			"%s: no way there: %v", "%s：网络不可达：%v", at.Host, err)
	}
	return bad(say("ping %s    (a firewall that answers nothing looks like this)", "ping %s    （防火墙静默丢包也会如此）", at.Hostname()), "%s does not answer: %v", "%s 没有响应：%v", at.Host, err)
}

func (p *Patient) shakeHands(ctx context.Context, conn net.Conn, at *url.URL) []Finding {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.TLS != nil {
		cfg = p.TLS.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName = at.Hostname()
	}
	cfg.Time = p.now
	sec := tls.Client(conn, cfg)
	if err := sec.HandshakeContext(ctx); err != nil {
		return []Finding{badHand(at, err)}
	}
	state := sec.ConnectionState()
	out := []Finding{good("%s: TLS handshake done, %s", "%s：TLS 握手成功，%s", at.Host, tls.VersionName(state.Version))}
	return append(out, p.expiry(state.PeerCertificates[0], say("the broker's certificate", "服务器证书"),
		say("renew it on the broker's machine", "请在服务器端更新证书")))
}

func badHand(at *url.URL, err error) Finding {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return bad(say("--ca FILE    (the certificate of the authority that signed the broker's)", "--ca 文件    （签发服务器证书的 CA）"),
			"%s: its certificate is signed by nobody we trust", "%s：证书不是由可信 CA 签发", at.Host)
	case errors.As(err, &name):
		return bad(say("--broker    (call it by a name in its certificate)", "--broker    （使用证书中的名称）"), "%s: %v", "%s：%v", at.Host, err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return bad(say("date -u    (is the box's clock right? if so, renew the broker's certificate)", "date -u    （检查时钟；若正确，请更新服务器证书）"), "%s: %v", "%s：%v", at.Host, err)
	}
	return bad(say("openssl s_client -connect %s    (does it speak TLS at all, does it want a certificate of the box: --cert, --key?)", "openssl s_client -connect %s    （确认其使用 TLS；是否需要 --cert 与 --key？）", at.Host),
		"%s: no TLS: %v", "%s：TLS 失败：%v", at.Host, err)
}
