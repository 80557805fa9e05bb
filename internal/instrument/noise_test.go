package instrument

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"theriac/internal/simulate"
)

// Over real lines: an instrument that says garbage without end is named at once, and is
// read again when it has come to its senses; what it said meanwhile is not waited for.
func TestChatteringInstrument(t *testing.T) {
	for name, garbage := range map[string]string{"lines": "S S       7.00 g\r\n", "no lines": "U*U*U*U*", "nothing but ends": "\n"} {
		t.Run(name, func(t *testing.T) {
			port := must(simulate.OpenTerminal())(t)
			i := open(t, Spec("serial://"+port.Name()))
			chatter(t, port, garbage, i)
			l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
			defer l.Close()
			i = open(t, Spec("tcp://"+l.Addr().String()))
			c := must(l.Accept())(t)
			chatter(t, c, garbage, i)
		})
	}
}

func chatter(t *testing.T, line io.ReadWriteCloser, garbage string, i *Instrument) {
	t.Helper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := io.WriteString(line, strings.Repeat(garbage, 100)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	_, err := i.Measure(within(t, 20*time.Second))
	is(t, err, ErrGarbled)
	close(stop)
	<-stopped
	b := must(simulate.NewBalance(settings(1), sample(t, "mass=3g")))(t)
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { served <- b.Serve(ctx, line) }()
	// Lines and their buffers may be full of it yet.
	again := within(t, 20*time.Second)
	for err = ErrGarbled; errors.Is(err, ErrGarbled) && again.Err() == nil; {
		_, err = i.Measure(again)
	}
	if err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// A serial port whose other end reads nothing: commands pile up until a write hangs.
// Close does not; and when the other end reads again, nothing stays behind.
func TestSerialPortThatTakesNothing(t *testing.T) {
	port := must(simulate.OpenTerminal())(t)
	defer port.Close()
	p := must(openSerial(port.Name(), &must(Spec("serial:///dev/x").parse())(t).mode))(t)
	wrote, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			if _, err := io.WriteString(p, reset+"\r\n"); err != nil {
				ended <- err
				return
			}
			wrote <- struct{}{}
		}
	}()
	// If it does not hang yet, on a slow machine, Close has it easier.
	for hangs := false; !hangs; {
		select {
		case <-wrote:
		case <-time.After(200 * time.Millisecond):
			hangs = true
		}
	}
	go func() {
		for range wrote {
		}
	}()
	closed := make(chan error, 1)
	go func() { closed <- p.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			is(t, err, ErrUnreachable)
		}
	case <-within(t, 10*time.Second).Done():
		t.Fatal("Close hangs")
	}
	go func() { _, _ = io.Copy(io.Discard, port) }() // ends with the port
	<-ended
	close(wrote)
}
