package brokers

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"iptvdc/testbench/fleet"
)

// kinds are the brokers that stand outside.
var kinds = []kind{
	{name: "mosquitto", find: findMosquitto, setUp: setUpMosquitto, shares: true,
		keeps: 1000, keepsKilled: 1000, keepsRetained: true, denied: taken},
	{name: "rabbitmq", find: findRabbit, setUp: setUpRabbit,
		keeps: away, keepsKilled: away, keepsRetained: true, denied: hungUp},
	{name: "nats-2.12", find: findNATS("2.12.4"), setUp: setUpNATS,
		keeps: away, keepsKilled: away, keepsRetained: true, denied: taken},
	// From 2.12.7 on (2.12.4 does not; those between were not looked at) it
	// refuses client ids with a dot.
	{name: "nats-2.15", find: findNATS("2.15.2"), setUp: setUpNATS, refusesBoxes: true},
}

func findMosquitto(t *testing.T) (string, string) {
	path := installed(t, "/usr/sbin/mosquitto", "mosquitto")
	out, err := exec.Command(path, "-h").CombinedOutput() // its exit status is 3
	version := regexp.MustCompile(`version ([0-9.]+)`).FindSubmatch(out)
	if version == nil {
		t.Fatalf("mosquitto does not say its version: %v\n%s", err, out)
	}
	return path, string(version[1])
}

func setUpMosquitto(t *testing.T, b *outside, boxes []fleet.Home) func() *exec.Cmd {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	var accounts strings.Builder
	fmt.Fprintf(&accounts, "%s:%s\n", centreUser, centrePassword)
	for _, h := range boxes {
		fmt.Fprintf(&accounts, "%s:%s\n", h.Box, boxToken)
	}
	passwords := b.write(t, "passwords", accounts.String())
	if out, err := exec.Command(installed(t, "mosquitto_passwd", "mosquitto"), "-U", passwords).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v\n%s", err, out)
	}
	rules := b.write(t, "rules", "user "+centreUser+`
topic readwrite #

pattern write u1/+/+/%u
pattern write s1/+/%u
pattern read a1/+/%u
pattern read c1/+/%u
pattern read p1/#
`)
	host, port, err := net.SplitHostPort(b.addr)
	if err != nil {
		t.Fatal(err)
	}
	config := b.write(t, "mosquitto.conf", fmt.Sprintf(`listener %s %s
user %s
allow_anonymous false
password_file %s
acl_file %s
persistence true
persistence_location %s/
autosave_interval 1
`, port, host, me.Username, passwords, rules, b.data))
	return func() *exec.Cmd { return exec.Command(b.program, "-c", config) }
}

// findNATS finds the version that install.sh has built.
func findNATS(version string) func(*testing.T) (string, string) {
	return func(t *testing.T) (string, string) {
		path, err := filepath.Abs(filepath.Join("..", "..", "bin", "brokers", "nats-"+version, "nats-server"))
		if err != nil {
			t.Fatal(err)
		}
		path = installed(t, path, "nats-server "+version)
		return path, strings.TrimPrefix(strings.TrimSpace(output(t, path, "--version")), "nats-server: v")
	}
}

func setUpNATS(t *testing.T, b *outside, boxes []fleet.Home) func() *exec.Cmd {
	type rules struct {
		Publish   []string `json:"publish"`
		Subscribe []string `json:"subscribe"`
	}
	type account struct {
		User        string `json:"user"`
		Password    string `json:"password"`
		Permissions *rules `json:"permissions,omitempty"`
	}
	accounts := []account{{User: centreUser, Password: centrePassword}}
	for _, h := range boxes {
		accounts = append(accounts, account{h.Box, boxToken, &rules{
			// A topic's slashes are dots inside.
			Publish:   []string{"u1.*.*." + h.Box, "s1.*." + h.Box},
			Subscribe: []string{"a1.*." + h.Box, "c1.*." + h.Box, "p1.>", "$MQTT.sub.>"},
		}})
	}
	// The format of its configuration takes JSON.
	var config strings.Builder
	format := json.NewEncoder(&config)
	format.SetEscapeHTML(false) // its reader knows no \u
	err := format.Encode(map[string]any{
		"server_name": "proof", "host": "127.0.0.1", "port": -1,
		"jetstream": map[string]any{"store_dir": b.data},
		// Subscriptions of a session may not have more than 65,535 packets
		// without PUBACK in all: a consumer of single shards has up to 255.
		"mqtt":          map[string]any{"listen": b.addr, "max_ack_pending": 250},
		"authorization": map[string]any{"users": accounts},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := b.write(t, "nats.conf", config.String())
	return func() *exec.Cmd { return exec.Command(b.program, "-c", path) }
}

// rabbitHome is where Debian keeps RabbitMQ's own start script. The one in the
// path changes to another account first, which could not read our folders.
const rabbitHome = "/usr/lib/rabbitmq/bin"

func findRabbit(t *testing.T) (string, string) {
	path := installed(t, rabbitHome+"/rabbitmq-server", "rabbitmq-server")
	plugins, err := filepath.Glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins/rabbitmq_mqtt-*")
	if err != nil || len(plugins) != 1 {
		t.Fatalf("the MQTT plugin of RabbitMQ: %v, %v; want one", plugins, err)
	}
	_, version, _ := strings.Cut(filepath.Base(plugins[0]), "-")
	return path, strings.TrimSuffix(version, ".ez")
}

func setUpRabbit(t *testing.T, b *outside, boxes []fleet.Home) func() *exec.Cmd {
	config := b.write(t, "rabbitmq.conf", fmt.Sprintf(`listeners.tcp = none
mqtt.listeners.tcp.1 = %s
mqtt.allow_anonymous = false
loopback_users = none
load_definitions = %s
log.console = false
log.file.level = warning
`, b.addr, b.write(t, "definitions.json", rabbitDefinitions(t, boxes))))
	plugins := b.write(t, "enabled_plugins", "[rabbitmq_mqtt].\n")
	_, names, err := net.SplitHostPort(freeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	_, nodes, err := net.SplitHostPort(freeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	// The name service of Erlang's nodes is started by the node if it is not
	// there, and would stay behind: so it is there.
	epmd := launch(t, filepath.Join(b.dir, "epmd.log"), exec.Command(installed(t, "epmd", "erlang-base"), "-address", "127.0.0.1", "-port", names))
	t.Cleanup(func() { epmd.kill(t) })
	eventually(t, "epmd listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+names)
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
	env := append(os.Environ(), "HOME="+b.dir, "ERL_EPMD_PORT="+names, "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_NODENAME=proof"+nodes+"@localhost", "RABBITMQ_DIST_PORT="+nodes,
		"RABBITMQ_MNESIA_BASE="+b.data, "RABBITMQ_LOG_BASE="+filepath.Join(b.dir, "log"), "RABBITMQ_CONFIG_FILE="+config,
		"RABBITMQ_ENABLED_PLUGINS_FILE="+plugins,
		// The script then becomes the node instead of watching over it.
		"RABBITMQ_ALLOW_INPUT=1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-noinput")
	return func() *exec.Cmd {
		cmd := exec.Command(b.program)
		cmd.Env = env
		return cmd
	}
}

// rabbitDefinitions is its accounts and rules, read at every start.
func rabbitDefinitions(t *testing.T, boxes []fleet.Home) string {
	t.Helper()
	var users, permissions, topics []map[string]string
	add := func(name, password, configure, write, read, topicWrite, topicRead string) {
		salt := []byte{1, 2, 3, 4}
		hash := sha256.Sum256(append(salt, password...))
		users = append(users, map[string]string{"name": name, "tags": "",
			"password_hash": encode(append(salt, hash[:]...)), "hashing_algorithm": "rabbit_password_hashing_sha256"})
		permissions = append(permissions, map[string]string{"user": name, "vhost": "/", "configure": configure, "write": write, "read": read})
		topics = append(topics, map[string]string{"user": name, "vhost": "/", "exchange": "amq.topic", "write": topicWrite, "read": topicRead})
	}
	add(centreUser, centrePassword, ".*", ".*", ".*", ".*", ".*")
	for _, h := range boxes {
		// A topic's slashes are dots inside; so is a client's queue named.
		queues := `^mqtt-subscription-` + h.Box + `\..*$`
		both := `^(amq\.topic|mqtt-subscription-` + h.Box + `\..*)$`
		add(h.Box, boxToken, queues, both, both,
			`^(u1\.[^.]+\.[^.]+|s1\.[^.]+)\.`+h.Box+`$`, `^(([ac]1\.[^.]+\.`+h.Box+`)|p1\..*)$`)
	}
	all, err := json.Marshal(map[string]any{"users": users, "vhosts": []map[string]string{{"name": "/"}},
		"permissions": permissions, "topic_permissions": topics})
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}
