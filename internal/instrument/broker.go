package instrument

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// A Broker is an MQTT broker for instruments of this machine, so that a device needs no
// other program. Its password is made at each start, and whoever has it may do all.
type Broker struct {
	server   *mqtt.Server
	listener *tracked
	door     *door
	once     sync.Once
}

// brokerUser is the one user of a Broker.
const brokerUser = "theriac"

// StartBroker starts a broker on a loopback address, HOST:PORT; port 0 is a free one.
// Elsewhere than on loopback the password would be sent in clear: a network has a
// broker of its own, with TLS.
func StartBroker(listen string) (*Broker, error) { return startBroker(listen, rand.Text()) }

func startBroker(listen, password string) (*Broker, error) {
	host, _, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%w: the broker listens on a loopback address, as 127.0.0.1:1883", ErrSpec)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	b := &Broker{listener: &tracked{Listener: l, open: map[net.Conn]struct{}{}}, door: &door{password: password}}
	limits := mqtt.NewDefaultServerCapabilities()
	limits.MaximumClients, limits.MaximumPacketSize, limits.MaximumClientWritesPending = 64, 1<<16, 256
	limits.MaximumInflight, limits.ReceiveMaximum, limits.TopicAliasMaximum = 64, 64, 0
	// What is kept for those who are away is not the truth of now.
	limits.RetainAvailable, limits.MaximumSessionExpiryInterval, limits.MaximumMessageExpiryInterval = 0, 0, 60
	b.server = mqtt.New(&mqtt.Options{Capabilities: limits, Logger: slog.New(slog.DiscardHandler)})
	err = errors.Join(b.server.AddHook(b.door, nil), b.server.AddListener(listeners.NewNet("loopback", b.listener)))
	if err == nil {
		err = b.server.Serve()
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return b, nil
}

// String returns where the broker listens.
func (b *Broker) String() string { return "broker at " + b.Address() }

// Address returns where the broker listens.
func (b *Broker) Address() string { return b.listener.Addr().String() }

// Spec returns the address of an instrument of this broker. It holds the password.
func (b *Broker) Spec(topic string, features ...string) Spec {
	u := url.URL{Scheme: "mqtt", User: url.UserPassword(brokerUser, b.door.password), Host: b.Address(), Path: "/" + topic}
	if len(features) > 0 {
		u.RawQuery = "feature=" + strings.Join(slices.Sorted(slices.Values(features)), ",")
	}
	return Spec(u.String())
}

// Close ends the broker and its connections.
func (b *Broker) Close() error {
	var err error
	b.once.Do(func() {
		b.listener.closeAll()
		err = b.server.Close()
	})
	return err
}

// A door asks for the password. The library's own ledger of users compares as strings
// are compared, and takes an empty rule for any password.
type door struct {
	mqtt.HookBase
	password string
}

// ID implements mqtt.Hook.
func (*door) ID() string { return "door" }

// Provides implements mqtt.Hook.
func (*door) Provides(b byte) bool {
	return bytes.IndexByte([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck}, b) >= 0
}

// OnConnectAuthenticate implements mqtt.Hook.
func (d *door) OnConnectAuthenticate(_ *mqtt.Client, p packets.Packet) bool {
	user := subtle.ConstantTimeCompare(p.Connect.Username, []byte(brokerUser))
	return user&subtle.ConstantTimeCompare(p.Connect.Password, []byte(d.password)) == 1
}

// OnACLCheck implements mqtt.Hook.
func (*door) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// A tracked listener knows its connections: the library closes those that have logged
// in, and then waits for all.
type tracked struct {
	net.Listener
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

// Accept implements net.Listener.
func (t *tracked) Accept() (net.Conn, error) {
	c, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	t.open[c] = struct{}{}
	return &trackedConn{c, t}, nil
}

func (t *tracked) closeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for c := range t.open {
		c.Close()
	}
}

type trackedConn struct {
	net.Conn
	of *tracked
}

// Close implements net.Conn.
func (c *trackedConn) Close() error {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	delete(c.of.open, c.Conn)
	return c.Conn.Close()
}
