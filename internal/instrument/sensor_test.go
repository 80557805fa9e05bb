package instrument

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
	server "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"

	"theriac/genuine"
	"theriac/internal/simulate"
	"theriac/refusal"
)

const topic = "site/7/spectrometer"

func broker(t testing.TB) *Broker {
	t.Helper()
	b := must(StartBroker("127.0.0.1:0"))(t)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("broker: %v", err)
		}
	})
	return b
}

// spectrometer serves a simulated spectrometer at a broker. What it shows comes out of
// the channel.
func spectrometer(t testing.TB, at Spec) <-chan simulate.Sample {
	t.Helper()
	shown := make(chan simulate.Sample, 1)
	s := must(simulate.NewSpectrometer(simulate.SpectrometerSettings{
		Readability: 10, Noise: map[string]float64{"refractive_index": 0.0003, "nir_distance": 0.002}, Settle: 2, Seed: 5,
		Shown: func(s simulate.Sample) { shown <- s },
	}, sample(t, "refractive_index=1.5233", "nir_distance=0.0341")))(t)
	ready := make(chan struct{})
	serve(t, func(ctx context.Context) error { return s.Serve(ctx, string(at), func() { close(ready) }) })
	select {
	case <-ready:
	case <-within(t, 20*time.Second).Done():
		t.Fatal("the spectrometer does not come to the broker")
	}
	return shown
}

var both = []string{"nir_distance", "refractive_index"}

// What is read over MQTT is what was displayed, to the last digit.
func TestSensorReadsWhatWasDisplayed(t *testing.T) {
	b := broker(t)
	shown := spectrometer(t, b.Spec(topic))
	i := open(t, b.Spec(topic, both...))
	ctx := within(t, time.Minute)
	seen := map[genuine.Quantity]bool{}
	for range 500 {
		got, err := i.Measure(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]genuine.Reading(<-shown), got); diff != "" {
			t.Fatalf("(-displayed +read):\n%s", diff)
		}
		seen[got[1].Value] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d different values: the spectrometer has no noise", len(seen))
	}
}

// connect returns a client of the library, as anybody with the password may be one.
func connect(t testing.TB, at Spec) mqtt.Client {
	t.Helper()
	a := must((at + "?feature=any").parse())(t)
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + a.host).SetUsername(a.user).SetPassword(a.password).
		SetClientID("test").SetOrderMatters(false).SetMaxReconnectInterval(50 * time.Millisecond))
	done(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func done(t testing.TB, token mqtt.Token) {
	t.Helper()
	select {
	case <-token.Done():
	case <-within(t, 20*time.Second).Done():
		t.Fatal("the broker does not acknowledge")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

// rogue answers each request with messages that the test makes of its id; ID in them
// stands for it.
func rogue(t testing.TB, at Spec, say ...string) {
	t.Helper()
	c := connect(t, at)
	done(t, c.Subscribe(topic+"/measure", 1, func(c mqtt.Client, m mqtt.Message) {
		var q struct{ ID string }
		if err := json.Unmarshal(m.Payload(), &q); err != nil || len(q.ID) != 32 {
			t.Errorf("request %q: %v", m.Payload(), err)
		}
		for _, s := range say {
			c.Publish(topic+"/reading", 1, false, strings.ReplaceAll(s, "ID", q.ID)).Wait()
		}
	}))
}

const (
	right    = `{"id":"ID","readings":[{"feature":"nir_distance","unit":"1","value":"0.0341"}],"stable":true}`
	unstable = `{"id":"ID","readings":[{"feature":"nir_distance","unit":"1","value":"7"}],"stable":false}`
	foreign  = `{"id":"00112233445566778899aabbccddeeff","readings":[{"feature":"nir_distance","unit":"1","value":"7"}],"stable":true}`
)

// What is not the answer is passed over, whoever sends it.
func TestSensorPassesOver(t *testing.T) {
	wrong := strings.Replace(right, "0.0341", "7", 1)
	said := []string{
		foreign, unstable, "", "{}", "null", "[]", "\xff\xfe", right + right, " " + wrong,
		strings.Replace(wrong, `,"stable":true`, `,"extra":1,"stable":true`, 1),
		strings.Replace(wrong, `"stable":true`, `"stable":true,"stable":true`, 1),
		strings.Replace(wrong, `"7"`, `7`, 1), strings.Replace(wrong, `"7"`, `"7.0"`, 1), strings.Replace(wrong, `"7"`, `"7e0"`, 1),
		strings.Replace(wrong, `"unit":"1"`, `"unit":""`, 1), strings.Replace(wrong, "nir_distance", "NIR distance", 1),
		strings.Replace(wrong, `"ID"`, `"id"`, 1), strings.Replace(wrong, `"readings":[`, `"readings":[{"feature":"nir_distance","unit":"1","value":"7"},`, 1),
		`{"id":"ID","readings":[],"stable":true}`, `{"id":"ID","readings":null,"stable":true}`, `{"id":"ID","readings":[],"stable":false}`,
		strings.Replace(wrong, "nir_distance", strings.Repeat("a", maxAnswer), 1),
	}
	b := broker(t)
	// The right one comes last, and then twice: the first ends it, and the other is not
	// the next question's.
	rogue(t, b.Spec(topic), append(said, right, right)...)
	i := open(t, b.Spec(topic, "nir_distance"))
	for range 3 {
		got, err := i.Measure(within(t, 20*time.Second))
		if err != nil || len(got) != 1 || got[0] != (genuine.Reading{Feature: "nir_distance", Unit: "1", Value: 34100}) {
			t.Errorf("Measure() = %v, %v, want 0.0341", got, err)
		}
	}
}

func TestSensorRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		say  []string
		want *refusal.Refusal
	}{
		"silent":          {nil, ErrSilent},
		"another answers": {[]string{foreign}, ErrSilent},
		"unstable":        {[]string{unstable}, ErrUnstable},
		"rubbish":         {[]string{"rubbish"}, ErrGarbled},
		"oversized":       {[]string{strings.Repeat(" ", maxAnswer) + right}, ErrGarbled},
		"another feature": {[]string{strings.Replace(right, "nir_distance", "mass", 1)}, genuine.ErrReading},
		"too few":         {[]string{strings.Replace(right, "nir_distance", "refractive_index", 1)}, genuine.ErrReading},
	} {
		t.Run(name, func(t *testing.T) {
			b := broker(t)
			rogue(t, b.Spec(topic), tt.say...)
			features := []string{"nir_distance"}
			if name == "too few" {
				features = both
			}
			i := open(t, b.Spec(topic, features...))
			_, err := i.Measure(within(t, 300*time.Millisecond))
			is(t, err, tt.want)
		})
	}
}

// Somebody floods the topic, with messages that are no answers, all the time.
func TestSensorInAFlood(t *testing.T) {
	b := broker(t)
	c := connect(t, b.Spec(topic))
	ctx, cancel := context.WithCancel(t.Context())
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		for ctx.Err() == nil {
			c.Publish(topic+"/reading", 1, true, foreign).Wait()
		}
	}()
	spectrometer(t, b.Spec(topic))
	i := open(t, b.Spec(topic, both...))
	if _, err := i.Measure(within(t, 20*time.Second)); err != nil {
		t.Error(err)
	}
	cancel()
	<-flooded
}

func TestBrokerAsksForItsPassword(t *testing.T) {
	b := broker(t)
	good := string(b.Spec(topic, both...))
	for _, spec := range []string{
		strings.Replace(good, b.door.password, "wrong", 1), strings.Replace(good, b.door.password, "", 1),
		strings.Replace(good, b.door.password, b.door.password+"x", 1), strings.Replace(good, b.door.password, b.door.password[1:], 1),
		strings.Replace(good, brokerUser+":", "somebody:", 1), strings.Replace(good, brokerUser+":"+b.door.password+"@", "", 1),
	} {
		_, err := Open(within(t, 10*time.Second), Spec(spec))
		is(t, err, ErrPassword)
		if err != nil && strings.Contains(err.Error(), b.door.password) {
			t.Error("the error tells the password")
		}
	}
	other := broker(t)
	if other.door.password == b.door.password || len(b.door.password) < 26 {
		t.Error("passwords are not made at each start")
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, b); strings.Contains(got, b.door.password) {
			t.Errorf("%s tells the password", format)
		}
	}
}

func TestBrokerListensOnLoopbackOnly(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0", "[::]:0", "example.com:1883", "127.0.0.1", ""} {
		if _, err := StartBroker(listen); err == nil {
			t.Errorf("StartBroker(%q) listens", listen)
		}
	}
}

// Connections that never log in do not keep a broker from closing.
func TestBrokerCloses(t *testing.T) {
	b := must(StartBroker("127.0.0.1:0"))(t)
	for range 3 {
		c := must(net.Dial("tcp", b.Address()))(t)
		defer c.Close()
	}
	i := must(Open(within(t, 10*time.Second), b.Spec(topic, both...)))(t)
	closed := make(chan error, 1)
	go func() { closed <- b.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-within(t, 5*time.Second).Done():
		t.Error("the broker waits for who never logged in")
	}
	_, err := i.Measure(within(t, 300*time.Millisecond))
	is(t, err, ErrUnreachable)
	if err := i.Close(); err != nil {
		t.Error(err)
	}
}

// The broker stops when the instrument has been asked, and comes back; the instrument
// comes last. The measurement goes on.
func TestBrokerComesBack(t *testing.T) {
	first := must(startBroker(freePort(t), "the same"))(t)
	asked := make(chan struct{}, 100)
	c := connect(t, first.Spec(topic))
	done(t, c.Subscribe(topic+"/measure", 1, func(mqtt.Client, mqtt.Message) { asked <- struct{}{} }))
	i := open(t, first.Spec(topic, both...))
	type result struct {
		readings []genuine.Reading
		err      error
	}
	got := make(chan result, 1)
	ctx := within(t, 30*time.Second)
	go func() {
		readings, err := i.Measure(ctx)
		got <- result{readings, err}
	}()
	<-asked
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := must(startBroker(first.Address(), "the same"))(t)
	shown := spectrometer(t, second.Spec(topic))
	r := <-got
	if r.err != nil {
		t.Fatal(r.err)
	}
	if diff := cmp.Diff([]genuine.Reading(<-shown), r.readings); diff != "" {
		t.Errorf("(-displayed +read):\n%s", diff)
	}
	t.Cleanup(func() {
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A deaf door lets nobody read.
type deafDoor struct{ door }

func (*deafDoor) OnACLCheck(_ *server.Client, _ string, write bool) bool { return write }

// A broker that refuses the subscription is not waited for.
func TestSubscriptionIsRefused(t *testing.T) {
	s := server.New(&server.Options{Logger: slog.New(slog.DiscardHandler)})
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	if err := errors.Join(s.AddHook(&deafDoor{door{password: "x"}}, nil), s.AddListener(listeners.NewNet("x", l)), s.Serve()); err != nil {
		t.Fatal(err)
	}
	_, err := Open(within(t, 10*time.Second), Spec("mqtt://theriac:x@"+l.Addr().String()+"/x?feature=mass"))
	is(t, err, ErrPassword)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
