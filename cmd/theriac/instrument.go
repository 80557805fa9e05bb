package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"theriac/genuine"
	"theriac/internal/instrument"
	"theriac/internal/simulate"
)

type instrumentCmd struct {
	Read    instrumentReadCmd    `cmd:"" help:"Read an instrument once, real or simulated."`
	Balance instrumentBalanceCmd `cmd:"" help:"Run a simulated balance."`
	Sensor  instrumentSensorCmd  `cmd:"" help:"Run a simulated instrument that answers over MQTT."`
}

type instrumentReadCmd struct {
	Spec    string        `arg:"" help:"Where the instrument is; @FILE: it stands in a file."`
	Timeout time.Duration `help:"How long to wait for a stable value." default:"30s"`
	JSON    bool          `help:"Print the readings as JSON."`
}

// Help implements kong.HelpProvider.
func (instrumentReadCmd) Help() string {
	return `A balance speaks MT-SICS over a serial port or a serial server; other instruments answer
over MQTT. A spec with a password belongs into a file, not on a command line.

  theriac instrument read 'serial:///dev/ttyUSB0?baud=9600&bits=8&parity=none&stop=1&feature=mass'
  theriac instrument read 'tcp://scale.example:4001?feature=mass' --json
  theriac instrument read @spectrometer.spec`
}

func (i *instrumentReadCmd) Run(ctx context.Context, con *console) error {
	spec, err := fromFile(i.Spec)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, i.Timeout)
	defer cancel()
	opened, err := instrument.Open(ctx, instrument.Spec(spec))
	if err != nil {
		return err
	}
	readings, err := opened.Measure(ctx)
	if err := errors.Join(err, opened.Close()); err != nil {
		return err
	}
	if i.JSON {
		return printJSON(con.out, readings)
	}
	for _, r := range readings {
		con.printf("%s %s %s\n", r.Feature, r.Value, r.Unit)
	}
	return nil
}

// fromFile returns a spec, or what stands in the file that is named instead with @.
func fromFile(spec string) (string, error) {
	name, ok := strings.CutPrefix(spec, "@")
	if !ok {
		return spec, nil
	}
	raw, err := readFile(name)
	return strings.TrimSpace(string(raw)), err
}

// A simulated instrument is one of those below.
type simulated struct {
	Sample  []string `required:"" sep:"none" help:"What lies on it, with a unit of UCUM; may be repeated where it measures several features." placeholder:"FEATURE=VALUE"`
	Seed    uint64   `help:"Makes its noise, the same for the same seed; 0: another each time." default:"0"`
	Spec    string   `help:"Write its spec to this file, readable by you alone." placeholder:"FILE"`
	Verbose bool     `help:"Print each value that it shows."`

	tell bool // print a password that the spec has
}

const simulatedHelp = `It measures nothing: what lies on it is set here, and can be changed while it runs, by
a line on its standard input:

`

// begin returns the sample, and chooses a seed if none is given.
func (s *simulated) begin() (simulate.Sample, error) {
	if s.Seed == 0 {
		s.Seed = uint64(rand.Uint32()) + 1
	}
	return simulate.ParseSample(s.Sample)
}

// announce says what runs, and where to find it.
func (s *simulated) announce(con *console, what string, in simulate.Sample, spec instrument.Spec) error {
	con.printf("simulated %s: %s, seed %d\n", what, in, s.Seed)
	if s.Spec == "" {
		text := spec.String()
		if s.tell {
			text = string(spec)
		}
		con.printf("spec %s\n", text)
		return nil
	}
	if err := os.Remove(s.Spec); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeFile(s.Spec, []byte(string(spec)+"\n")); err != nil {
		return err
	}
	con.printf("spec @%s: %s\n", s.Spec, spec)
	return nil
}

// control changes the sample as lines say that come in, until they end.
func control(in io.Reader, con *console, what string, put func(simulate.Sample) error) {
	// In the background of a shell there is no input; asking for it must not stop us.
	signal.Ignore(syscall.SIGTTIN)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		err := fmt.Errorf("%q is no command: sample FEATURE=VALUE…", words[0])
		if words[0] == "sample" {
			var s simulate.Sample
			if s, err = simulate.ParseSample(words[1:]); err == nil {
				err = put(s)
			}
			if err == nil {
				con.printf("simulated %s: %s\n", what, s)
			}
		}
		if err != nil {
			fmt.Fprintln(con.err, "theriac:", err)
		}
	}
}

type instrumentBalanceCmd struct {
	simulated
	Noise       float64          `help:"Standard deviation of what it shows, in its unit." default:"0.0001"`
	Drift       float64          `help:"Added to what it shows at each update of its display." default:"0"`
	Readability genuine.Quantity `help:"Smallest step of its display." default:"0.0001"`
	Capacity    genuine.Quantity `help:"More is overload." default:"220"`
	Settle      int              `help:"Updates until a sample that was put on it is stable." default:"10"`
	Listen      string           `help:"Address to listen on, as a serial server does; without it the balance is at a pseudo-terminal." placeholder:"HOST:PORT"`
	Link        string           `help:"Name to give the pseudo-terminal." placeholder:"FILE"`
}

// Help implements kong.HelpProvider.
func (instrumentBalanceCmd) Help() string {
	return simulatedHelp + `  sample mass=0.4870g

  theriac instrument balance --sample mass=0.5123g --noise 0.0002 --seed 7
  theriac instrument balance --sample carat=0.7[car_m] --link balance
  theriac instrument balance --sample mass=12.5g --listen 127.0.0.1:4001`
}

func (b *instrumentBalanceCmd) Run(ctx context.Context, con *console) error {
	in, err := b.begin()
	if err != nil {
		return err
	}
	settings := simulate.BalanceSettings{
		Capacity: b.Capacity, Readability: b.Readability, Noise: b.Noise, Drift: b.Drift, Settle: b.Settle,
		Every: 50 * time.Millisecond, Seed: b.Seed,
	}
	if b.Verbose {
		settings.Shown = func(text string) { con.printf("simulated balance shows %s\n", text) }
	}
	balance, err := simulate.NewBalance(settings, in)
	if err != nil {
		return err
	}
	serve, spec, err := b.place(balance)
	if err != nil {
		return err
	}
	if b.Link != "" {
		defer os.Remove(b.Link)
	}
	if err := b.announce(con, "balance", in, spec+instrument.Spec("?feature="+in[0].Feature)); err != nil {
		return err
	}
	go control(os.Stdin, con, "balance", balance.Put)
	return serve(ctx)
}

// place returns where the balance is found, and what serves it there.
func (b *instrumentBalanceCmd) place(balance *simulate.Balance) (func(context.Context) error, instrument.Spec, error) {
	if b.Listen != "" {
		if b.Link != "" {
			return nil, "", errors.New("--link names a pseudo-terminal: not with --listen")
		}
		l, err := net.Listen("tcp", b.Listen)
		if err != nil {
			return nil, "", err
		}
		return func(ctx context.Context) error { return balance.ServeTCP(ctx, l) }, instrument.Spec("tcp://" + l.Addr().String()), nil
	}
	port, err := simulate.OpenTerminal()
	if err != nil {
		return nil, "", err
	}
	name := port.Name()
	if b.Link != "" {
		if name, err = link(name, b.Link); err != nil {
			return nil, "", errors.Join(err, port.Close())
		}
	}
	return func(ctx context.Context) error { return balance.Serve(ctx, port) }, instrument.Spec((&url.URL{Scheme: "serial", Path: name}).String()), nil
}

type instrumentSensorCmd struct {
	simulated
	Noise       map[string]float64 `help:"Standard deviation of what it shows, by feature; may be repeated." placeholder:"FEATURE=NUMBER"`
	Readability genuine.Quantity   `help:"Smallest step of what it shows." default:"0.0001"`
	Settle      int                `help:"Times that it says \"not stable yet\" before it answers." default:"1"`
	Broker      string             `help:"Broker and topic, mqtt://USER:PASSWORD@HOST:PORT/TOPIC; @FILE: it stands in a file. Without it one is started here." placeholder:"URL"`
	Listen      string             `help:"Loopback address of the broker that is started." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	Topic       string             `help:"What the topics begin with at the broker that is started." default:"instrument"`
}

// Help implements kong.HelpProvider.
func (instrumentSensorCmd) Help() string {
	return simulatedHelp + `  sample refractive_index=1.4901 nir_distance=0.2

The broker that it starts is for this machine and has one password, which is made anew
each time and stands in the spec.

  theriac instrument sensor --sample refractive_index=1.5233 --sample nir_distance=0.0341 \
    --noise refractive_index=0.0002 --noise nir_distance=0.001 --spec spectrometer.spec
  theriac instrument sensor --sample refractive_index=1.5233 --broker @broker`
}

func (s *instrumentSensorCmd) Run(ctx context.Context, con *console) error {
	in, err := s.begin()
	if err != nil {
		return err
	}
	settings := simulate.SpectrometerSettings{Readability: s.Readability, Noise: s.Noise, Settle: s.Settle, Seed: s.Seed}
	if s.Verbose {
		settings.Shown = func(shown simulate.Sample) { con.printf("simulated sensor shows %s\n", shown) }
	}
	sensor, err := simulate.NewSpectrometer(settings, in)
	if err != nil {
		return err
	}
	broker, err := fromFile(s.Broker)
	if err != nil {
		return err
	}
	// A password that was given is known; one that is made here has to be told.
	s.tell = broker == ""
	if s.tell {
		own, err := instrument.StartBroker(s.Listen)
		if err != nil {
			return err
		}
		defer own.Close()
		broker = string(own.Spec(s.Topic))
	}
	broker, _, _ = strings.Cut(broker, "?") // a spec is taken too
	var features []string
	for _, r := range in {
		features = append(features, r.Feature)
	}
	spec := instrument.Spec(broker + "?feature=" + strings.Join(features, ","))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err = sensor.Serve(ctx, broker, func() {
		if err := s.announce(con, "sensor", in, spec); err != nil {
			cancel(err)
			return
		}
		go control(os.Stdin, con, "sensor", sensor.Put)
	})
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// link gives a file another name, and returns that with its folder. A link that was
// left there is replaced, but no file is.
func link(file, name string) (string, error) {
	if info, err := os.Lstat(name); err == nil && info.Mode()&os.ModeSymlink != 0 {
		if err := os.Remove(name); err != nil {
			return "", err
		}
	}
	if err := os.Symlink(file, name); err != nil {
		return "", err
	}
	return filepath.Abs(name)
}
