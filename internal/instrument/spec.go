package instrument

import (
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.bug.st/serial"

	"theriac/genuine"
)

// A Spec is the address of an instrument:
//
//	serial:///dev/ttyUSB0?baud=9600&bits=8&parity=none&stop=1&protocol=sics&feature=mass
//	tcp://HOST:PORT?protocol=sics&feature=mass
//	mqtt://USER:PASSWORD@HOST:PORT/TOPIC?feature=nir_distance,refractive_index
//	mqtts://… as mqtt, over TLS, with ca=FILE for an authority that the system does not know
//
// It may hold a password: it prints without. As JSON it is whole, for configurations.
type Spec string

// String returns the spec without user and password.
func (s Spec) String() string {
	u, err := url.Parse(string(s))
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return "[secret]"
	}
	u.User = nil
	if shown := u.String(); !strings.Contains(shown, "@") {
		return shown
	}
	// An @ that is left over: signs in a password that should have been escaped made
	// the parser take parts of it for host, path or query.
	return "[secret]"
}

// GoString returns what String does.
func (s Spec) GoString() string { return s.String() }

// LogValue returns what String does.
func (s Spec) LogValue() slog.Value { return slog.StringValue(s.String()) }

// An address is a spec that was read.
type address struct {
	scheme   string
	host     string // of tcp, mqtt, mqtts
	port     string // of serial: the device
	features []string
	mode     serial.Mode
	topic    string // of mqtt, mqtts: what their topics begin with
	user     string
	password string
	ca       string
}

// params are what may stand behind the question mark.
var params = map[string][]string{
	"serial": {"baud", "bits", "feature", "parity", "protocol", "stop"},
	"tcp":    {"feature", "protocol"},
	"mqtt":   {"feature"},
	"mqtts":  {"ca", "feature"},
}

// parse returns ErrSpec with what is wrong, but never with what may be a password.
func (s Spec) parse() (*address, error) {
	u, err := url.Parse(string(s))
	if err != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, fmt.Errorf("%w: no URL", ErrSpec)
	}
	known, ok := params[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("%w: its scheme is none of %s", ErrSpec, strings.Join(slices.Sorted(maps.Keys(params)), ", "))
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: its parameters are no query", ErrSpec)
	}
	for name, values := range q {
		if !slices.Contains(known, name) || len(values) != 1 {
			return nil, fmt.Errorf("%w: a parameter that is not, once, one of %s", ErrSpec, strings.Join(known, ", "))
		}
	}
	a := &address{scheme: u.Scheme, host: u.Host, ca: q.Get("ca")}
	if err := a.where(u); err != nil {
		return nil, err
	}
	if err := a.what(q); err != nil {
		return nil, err
	}
	return a, a.line(q)
}

// where reads host, port, topic and user.
func (a *address) where(u *url.URL) error {
	broker := strings.HasPrefix(a.scheme, "mqtt")
	if !broker && u.User != nil {
		return fmt.Errorf("%w: %s takes no user", ErrSpec, a.scheme)
	}
	if a.scheme == "serial" {
		a.port = u.Path
		if u.Host != "" || len(u.Path) < 2 {
			return fmt.Errorf("%w: serial:///dev/PORT", ErrSpec)
		}
		return nil
	}
	if _, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || u.Hostname() == "" {
		return fmt.Errorf("%w: %s://HOST:PORT", ErrSpec, a.scheme)
	}
	if !broker {
		if strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("%w: tcp has no path", ErrSpec)
		}
		return nil
	}
	a.user = u.User.Username()
	a.password, _ = u.User.Password()
	a.topic = strings.TrimPrefix(u.Path, "/")
	strange := func(c rune) bool { return !unicode.IsPrint(c) || strings.ContainsRune("+#$@", c) }
	if a.topic == "" || len(a.topic) > 200 || !utf8.ValidString(a.topic) || strings.ContainsFunc(a.topic, strange) || strings.HasSuffix(a.topic, "/") {
		return fmt.Errorf("%w: %s://HOST:PORT/TOPIC, without + # $ @", ErrSpec, a.scheme)
	}
	return nil
}

// what reads the features, and holds them to the law for those of criteria.
func (a *address) what(q url.Values) error {
	if a.topic == "" && !q.Has("feature") {
		q.Set("feature", "mass")
	}
	a.features = strings.Split(q.Get("feature"), ",")
	slices.Sort(a.features)
	var criteria []genuine.Criterion
	for _, f := range a.features {
		criteria = append(criteria, genuine.Criterion{Feature: f, Unit: "1"})
	}
	if err := genuine.CheckCriteria(criteria); err != nil {
		return fmt.Errorf("%w: feature=NAME,NAME: %w", ErrSpec, err)
	}
	if a.topic == "" && len(a.features) != 1 {
		return fmt.Errorf("%w: a balance has one feature", ErrSpec)
	}
	return nil
}

// line reads how a balance is spoken to.
func (a *address) line(q url.Values) error {
	if p := q.Get("protocol"); p != "" && p != "sics" {
		return fmt.Errorf("%w: protocol=sics", ErrSpec)
	}
	a.mode = serial.Mode{BaudRate: 9600, DataBits: 8}
	var err error
	if b := q.Get("baud"); b != "" {
		if a.mode.BaudRate, err = strconv.Atoi(b); err != nil || a.mode.BaudRate < 110 || a.mode.BaudRate > 4_000_000 {
			return fmt.Errorf("%w: baud=9600", ErrSpec)
		}
	}
	if b := q.Get("bits"); b != "" {
		if a.mode.DataBits, err = strconv.Atoi(b); err != nil || a.mode.DataBits < 7 || a.mode.DataBits > 8 {
			return fmt.Errorf("%w: bits=7 or 8", ErrSpec)
		}
	}
	parities := map[string]serial.Parity{"": serial.NoParity, "none": serial.NoParity, "even": serial.EvenParity, "odd": serial.OddParity}
	stops := map[string]serial.StopBits{"": serial.OneStopBit, "1": serial.OneStopBit, "2": serial.TwoStopBits}
	var parity, stop bool
	a.mode.Parity, parity = parities[q.Get("parity")]
	a.mode.StopBits, stop = stops[q.Get("stop")]
	if !parity || !stop {
		return fmt.Errorf("%w: parity=none, even or odd; stop=1 or 2", ErrSpec)
	}
	return nil
}
