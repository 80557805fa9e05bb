package instrument

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"theriac/canon"
	"theriac/genuine"
)

// A request asks for a measurement, on the topic …/measure (docs/formats.md).
type request struct {
	ID string `json:"id"`
}

// An answer is what an instrument says to it, on the topic …/reading.
type answer struct {
	ID       string            `json:"id"`
	Readings []genuine.Reading `json:"readings"`
	Stable   bool              `json:"stable"`
}

// maxAnswer is longer than any answer.
const maxAnswer = 4096

// parseAnswer returns ErrGarbled for what is no answer.
func parseAnswer(raw []byte) (*answer, error) {
	var a answer
	if len(raw) > maxAnswer {
		return nil, fmt.Errorf("%w: %d bytes", ErrGarbled, len(raw))
	}
	if err := canon.DecodeJSON(raw, &a); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGarbled, err)
	}
	id, err := hex.DecodeString(a.ID)
	if err != nil || len(id) != 16 || hex.EncodeToString(id) != a.ID {
		return nil, fmt.Errorf("%w: its id is not 16 bytes", ErrGarbled)
	}
	if !a.Stable && len(a.Readings) == 0 {
		return &a, nil
	}
	// The law for readings is that for criteria: features rise, values and units are such.
	var criteria []genuine.Criterion
	for _, r := range a.Readings {
		criteria = append(criteria, genuine.Criterion{Feature: r.Feature, Unit: r.Unit, Low: r.Value, High: r.Value})
	}
	if err := genuine.CheckCriteria(criteria); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGarbled, err)
	}
	return &a, nil
}

// A sensor asks an instrument through an MQTT broker.
type sensor struct {
	address *address
	tls     *tls.Config
	session *session // nil: lost, or not connected yet
}

func openSensor(ctx context.Context, a *address) (*sensor, error) {
	s := &sensor{address: a}
	if a.scheme == "mqtts" {
		roots, err := authority(a.ca)
		if err != nil {
			return nil, err
		}
		s.tls = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	var err error
	s.session, err = s.connect(ctx)
	return s, err
}

// authority returns the certificates of a file, or nil for the system's.
func authority(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%w: no certificate in %s", ErrSpec, file)
	}
	return pool, nil
}

func (s *sensor) close() error {
	s.drop()
	return nil
}

// drop ends the connection, if there is one.
func (s *sensor) drop() {
	if s.session != nil {
		s.session.end()
		s.session = nil
	}
}

// An inquiry is a measurement through a broker.
type inquiry struct {
	id   string
	last error // what was wrong last
}

func (s *sensor) measure(ctx context.Context) ([]genuine.Reading, error) {
	var id [16]byte
	rand.Read(id[:])
	q := &inquiry{hex.EncodeToString(id[:]), ErrSilent}
	for {
		readings, err := s.try(ctx, q)
		switch {
		case err == nil:
			return readings, nil
		case errors.Is(err, ErrUnreachable):
			// The request goes out again with its id: an instrument that has it answers
			// it the same.
			q.last = err
			s.drop()
		default:
			return nil, err
		}
		if !wait(ctx) {
			return nil, late(ctx, q.last)
		}
	}
}

// try asks, and waits for the answer as long as there is a connection.
func (s *sensor) try(ctx context.Context, q *inquiry) ([]genuine.Reading, error) {
	if s.session == nil {
		n, err := s.connect(ctx)
		if err != nil {
			return nil, err
		}
		s.session = n
	}
	ear, leave := s.session.listen()
	defer leave()
	raw, err := canon.JSON(request{q.id})
	if err != nil {
		return nil, err
	}
	ask := func() <-chan error {
		client := s.session.client
		return acknowledged(func() mqtt.Token { return client.Publish(s.address.topic+"/measure", 1, false, raw) })
	}
	// The instrument may have been away when the broker passed the request on.
	again := time.NewTicker(patience)
	defer again.Stop()
	asked := ask()
	q.last = ErrSilent
	for {
		select {
		case err := <-asked:
			if err != nil {
				return nil, err
			}
			asked = nil
		case <-again.C:
			if asked == nil {
				asked = ask()
			}
		case message := <-ear.heard:
			readings, err := s.judge([]byte(message), q)
			if readings != nil || err != nil {
				return readings, err
			}
		case <-s.session.lost:
			return nil, fmt.Errorf("%w: connection lost", ErrUnreachable)
		case <-ctx.Done():
			return nil, late(ctx, q.last)
		}
	}
}

// judge returns the readings if a message is the answer, nothing if it is none or the
// instrument is not ready, and genuine.ErrReading if it measures something else.
func (s *sensor) judge(message []byte, q *inquiry) ([]genuine.Reading, error) {
	a, err := parseAnswer(message)
	switch {
	case err != nil:
		q.last = err
		return nil, nil
	case a.ID != q.id:
		return nil, nil
	case !a.Stable:
		q.last = ErrUnstable
		return nil, nil
	}
	var features []string
	for _, r := range a.Readings {
		features = append(features, r.Feature)
	}
	if !slices.Equal(features, s.address.features) {
		return nil, fmt.Errorf("%w: %q instead of %q", genuine.ErrReading, features, s.address.features)
	}
	return a.Readings, nil
}

// A session is one connection to the broker, subscribed to the readings.
type session struct {
	ears
	client mqtt.Client
	lost   chan struct{}
	ended  chan struct{}
}

// patience is how long an instrument may take before it is asked again, and a broker to
// take a message.
const patience = 2 * time.Second

// handshake is how long a broker may take for its part of a connection.
const handshake = 10 * time.Second

func (s *sensor) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	n := &session{lost: make(chan struct{}), ended: make(chan struct{})}
	lost := sync.OnceFunc(func() { close(n.lost) })
	// The library shall do one thing once: what is lost is repaired in measure, where
	// it is known what has to be asked again.
	o := mqtt.NewClientOptions().AddBroker("tcp://" + s.address.host).SetClientID("theriac-" + rand.Text()[:14]).
		SetUsername(s.address.user).SetPassword(s.address.password).SetProtocolVersion(4).SetCleanSession(true).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(handshake).SetWriteTimeout(patience).
		SetKeepAlive(handshake).SetPingTimeout(handshake / 2).
		SetConnectionLostHandler(func(mqtt.Client, error) { lost() })
	stop := func() bool { return true }
	o.SetCustomOpenConnectionFn(func(_ *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
		c, err := s.dial(ctx)
		if err == nil {
			stop = context.AfterFunc(ctx, func() { c.Close() })
		}
		return c, err
	})
	n.client = mqtt.NewClient(o)
	token := n.client.Connect()
	<-token.Done() // by the handshake's time at the latest
	stop()
	if err := token.Error(); err != nil {
		return nil, refused(err)
	}
	heard := func(_ mqtt.Client, m mqtt.Message) {
		if !m.Retained() {
			n.hear(string(m.Payload()), n.ended)
		}
	}
	select {
	case err := <-acknowledged(func() mqtt.Token { return n.client.Subscribe(s.address.topic+"/reading", 1, heard) }):
		if err == nil {
			return n, nil
		}
		n.end()
		return nil, err
	case <-ctx.Done():
		n.end()
		return nil, fmt.Errorf("%w: the broker does not subscribe: %w", ErrUnreachable, ctx.Err())
	}
}

func (s *sensor) dial(ctx context.Context) (net.Conn, error) {
	if s.tls != nil {
		return (&tls.Dialer{Config: s.tls}).DialContext(ctx, "tcp", s.address.host)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", s.address.host)
}

func refused(err error) error {
	if errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword) || errors.Is(err, packets.ErrorRefusedNotAuthorised) {
		return ErrPassword
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// notAllowed is what a broker says to a subscription that it refuses (MQTT 3.1.1, 3.9.3).
const notAllowed = 0x80

// acknowledged tells when the broker has what is sent. Sending may hang, when a
// connection goes, and what comes meanwhile must be heard: so it is done beside.
func acknowledged(send func() mqtt.Token) <-chan error {
	done := make(chan error, 1)
	go func() {
		t := send()
		t.Wait()
		err := t.Error()
		s, subscribing := t.(*mqtt.SubscribeToken)
		switch {
		case err != nil:
			err = fmt.Errorf("%w: %w", ErrUnreachable, err)
		case subscribing && slices.Contains(slices.Collect(maps.Values(s.Result())), notAllowed):
			err = fmt.Errorf("%w: it may not subscribe", ErrPassword)
		}
		done <- err
	}()
	return done
}

func (n *session) end() {
	close(n.ended)
	n.client.Disconnect(uint(pause.Milliseconds()))
}
