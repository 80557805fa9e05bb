package instrument

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSpecIsRead(t *testing.T) {
	for _, s := range []Spec{
		"serial:///dev/ttyUSB0", "serial:///dev/ttyUSB0?baud=9600&bits=7&parity=even&stop=2&protocol=sics&feature=mass",
		"serial:///dev/tty.usbserial-1?parity=odd&bits=8&stop=1", "tcp://scale.example:4001", "tcp://[::1]:4001/?feature=carat&protocol=sics",
		"mqtt://a:b@host:1883/x?feature=mass", "mqtt://host:1883/a/b/c?feature=refractive_index,nir_distance", "mqtts://a@host:8883/x?feature=mass&ca=/etc/ca.pem",
	} {
		if _, err := s.parse(); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []Spec{
		"", "x", "/dev/ttyUSB0", "COM3", "serial:", "serial://", "serial:///", "serial://dev/ttyUSB0", "serial:COM3", "file:///dev/ttyUSB0", "http://host:80/x?feature=mass",
		"serial:///dev/x?baud=0", "serial:///dev/x?baud=9600.0", "serial:///dev/x?baud=-1", "serial:///dev/x?bits=9", "serial:///dev/x?parity=mark", "serial:///dev/x?stop=1.5",
		"serial:///dev/x?protocol=modbus", "serial:///dev/x?feature=a,b", "serial:///dev/x?feature=", "serial:///dev/x?feature=Mass", "serial:///dev/x?Feature=mass",
		"serial:///dev/x?feature=mass&feature=carat", "serial:///dev/x?ca=x", "serial:///dev/x#y", "serial://user@/dev/x", "serial:///dev/x?%zz",
		"tcp://host", "tcp://:4001", "tcp://host:99999", "tcp://host:4001/x", "tcp://a:b@host:4001", "tcp://host:4001?baud=9600",
		"mqtt://host:1883?feature=mass", "mqtt://host:1883/?feature=mass", "mqtt://host:1883/x", "mqtt://host:1883/x?feature=", "mqtt://host:1883/x?feature=a,a",
		"mqtt://host:1883/x/?feature=a", "mqtt://host:1883/%23?feature=a", "mqtt://host:1883/a+b?feature=a", "mqtt://host:1883/$SYS?feature=a", "mqtt://host:1883/a%00?feature=a",
		"mqtt://host:1883/a%0a?feature=a", "mqtt://host:1883/%ff?feature=a", "mqtt://host/x?feature=a", "mqtt://host:1883/x?feature=a&ca=y", Spec("mqtt://host:1883/" + strings.Repeat("x", 201) + "?feature=a"),
	} {
		if a, err := s.parse(); err == nil {
			t.Errorf("%q is read as %+v", s, a)
		} else {
			is(t, err, ErrSpec)
		}
	}
}

// A password shows in nothing that is printed, logged or returned, however wrongly it
// was written into the address.
func TestPasswordIsNotShown(t *testing.T) {
	const secret = "hunter2secret"
	rapid.Check(t, func(t *rapid.T) {
		signs := rapid.StringMatching(`[a-z0-9:/?#\[\]@!$&'()*+,;=%" .]{0,6}`)
		password := signs.Draw(t, "before") + secret + signs.Draw(t, "after")
		if rapid.Bool().Draw(t, "escaped") {
			password = escape(password)
		}
		scheme := rapid.SampledFrom([]string{"mqtt", "mqtts", "tcp", "serial", "http", "MQTT", ""}).Draw(t, "scheme")
		user := rapid.SampledFrom([]string{"user:", "", "a/b:", "7:", "@:", "a%:"}).Draw(t, "user")
		spec := Spec(scheme + "://" + user + password + "@127.0.0.1:1/site/7?feature=mass")
		var said bytes.Buffer
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			fmt.Fprintf(&said, format, spec)
			fmt.Fprintf(&said, format, struct{ S Spec }{spec})
		}
		slog.New(slog.NewJSONHandler(&said, nil)).Info("opened", "spec", spec)
		slog.New(slog.NewTextHandler(&said, nil)).Info("opened", "spec", spec)
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // what is well formed shall not wait for a port that nobody has
		if _, err := Open(ctx, spec); err != nil {
			said.WriteString(err.Error())
		} else {
			t.Errorf("%q opens", string(spec))
		}
		if strings.Contains(said.String(), secret) || strings.Contains(said.String(), escape(secret)) {
			t.Errorf("%q shows as %s", string(spec), said.String())
		}
	})
}

func TestSpecShowsWhatIsNoSecret(t *testing.T) {
	for in, want := range map[Spec]string{
		"mqtt://user:secret@host:1883/x?feature=mass": "mqtt://host:1883/x?feature=mass",
		"mqtt://token@host:1883/x?feature=mass":       "mqtt://host:1883/x?feature=mass",
		"serial:///dev/ttyUSB0?baud=9600":             "serial:///dev/ttyUSB0?baud=9600",
		"tcp://host:4001":                             "tcp://host:4001",
	} {
		if got := in.String(); got != want {
			t.Errorf("String(%q) = %q, want %q", string(in), got, want)
		}
	}
}
