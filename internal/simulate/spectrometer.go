package simulate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"theriac/canon"
	"theriac/genuine"
)

// SpectrometerSettings say how a simulated spectrometer behaves.
type SpectrometerSettings struct {
	Readability genuine.Quantity
	Noise       map[string]float64 // standard deviation, by feature
	Settle      int                // times that it says "not stable yet" before it answers
	Seed        uint64
	Shown       func(Sample) // if set, is told each stable answer
}

// A Spectrometer is a simulated instrument of several features, such as refractive
// index and distance in the near infrared, that answers over MQTT.
type Spectrometer struct {
	settings SpectrometerSettings
	sample   atomic.Pointer[Sample]

	mu     sync.Mutex
	random *mathrand.Rand
	id     string // of the request that was answered last
	last   []byte // what was answered
}

// NewSpectrometer returns a spectrometer with a sample in it.
func NewSpectrometer(settings SpectrometerSettings, in Sample) (*Spectrometer, error) {
	if settings.Readability < 1 || settings.Settle < 0 {
		return nil, fmt.Errorf("readability and settling are above zero")
	}
	for feature, noise := range settings.Noise {
		if !(noise >= 0) || math.IsInf(noise, 0) || !slices.ContainsFunc(in, func(r genuine.Reading) bool { return r.Feature == feature }) {
			return nil, fmt.Errorf("noise of %q: not below zero, of a feature that it measures", feature)
		}
	}
	s := &Spectrometer{settings: settings, random: mathrand.New(mathrand.NewPCG(settings.Seed, 0))}
	s.sample.Store(&in)
	return s, nil
}

// Put replaces the sample, at any time.
func (s *Spectrometer) Put(in Sample) error {
	if err := in.like(*s.sample.Load()); err != nil {
		return err
	}
	s.sample.Store(&in)
	return nil
}

// An asked is a request; an answered what is said to it (docs/formats.md).
type asked struct {
	ID string `json:"id"`
}

type answered struct {
	ID       string `json:"id"`
	Readings Sample `json:"readings"`
	Stable   bool   `json:"stable"`
}

// answer returns what is said to a request, one message after the other; nothing to
// what is none. A request that was answered is answered the same.
func (s *Spectrometer) answer(raw []byte) ([][]byte, error) {
	var q asked
	if len(raw) > maxRequest || canon.DecodeJSON(raw, &q) != nil {
		return nil, nil
	}
	if id, err := hex.DecodeString(q.ID); err != nil || len(id) != 16 {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.ID == s.id {
		return [][]byte{s.last}, nil
	}
	in := *s.sample.Load()
	var out [][]byte
	for i := range s.settings.Settle + 1 {
		a := answered{ID: q.ID, Stable: i == s.settings.Settle}
		for _, r := range in {
			value, err := shown(float(r.Value)+s.random.NormFloat64()*s.settings.Noise[r.Feature], s.settings.Readability)
			if err != nil {
				return nil, err
			}
			a.Readings = append(a.Readings, genuine.Reading{Feature: r.Feature, Unit: r.Unit, Value: value})
		}
		if a.Stable && s.settings.Shown != nil {
			s.settings.Shown(a.Readings)
		}
		said, err := canon.JSON(a)
		if err != nil {
			return nil, err
		}
		out = append(out, said)
	}
	s.id, s.last = q.ID, out[len(out)-1]
	return out, nil
}

// maxRequest is longer than any request.
const maxRequest = 100

// patience is how long a broker may take.
const patience = time.Second

// Serve answers at a broker, mqtt://USER:PASSWORD@HOST:PORT/TOPIC, until ctx ends, and
// comes back to it when it was away. It calls ready once, when it hears requests.
func (s *Spectrometer) Serve(ctx context.Context, broker string, ready func()) error {
	u, err := url.Parse(broker)
	if err != nil || u.Scheme != "mqtt" || strings.Trim(u.Path, "/") == "" {
		return fmt.Errorf("the broker is mqtt://USER:PASSWORD@HOST:PORT/TOPIC")
	}
	topic := strings.TrimPrefix(u.Path, "/")
	password, _ := u.User.Password()
	failed := make(chan error, 1)
	subscribed := sync.OnceFunc(ready)
	heard := func(c mqtt.Client, m mqtt.Message) {
		answers, err := s.answer(m.Payload())
		if err != nil {
			select {
			case failed <- err:
			default: // one is enough
			}
		}
		for _, a := range answers {
			// Whether it arrives is seen by who asked.
			c.Publish(topic+"/reading", 1, false, a)
		}
	}
	o := mqtt.NewClientOptions().AddBroker("tcp://" + u.Host).SetClientID("simulated-" + rand.Text()[:12]).
		SetUsername(u.User.Username()).SetPassword(password).SetProtocolVersion(4).SetOrderMatters(false).
		SetConnectTimeout(patience).SetMaxReconnectInterval(patience / 4).SetWriteTimeout(patience)
	o.SetOnConnectHandler(func(c mqtt.Client) {
		// If the connection is lost again meanwhile, the next one does it.
		if t := c.Subscribe(topic+"/measure", 1, heard); t.Wait() && t.Error() == nil {
			subscribed()
		}
	})
	c := mqtt.NewClient(o)
	t := c.Connect()
	<-t.Done()
	if err := t.Error(); err != nil {
		return fmt.Errorf("broker at %s: %w", u.Host, err)
	}
	defer c.Disconnect(100)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}
