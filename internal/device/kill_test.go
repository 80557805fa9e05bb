package device

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"theriac/client"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

// The test binary is also the process that the tests below kill: it does the job that
// this variable names, with the folder and the server of the next two.
const (
	jobVar    = "DEVICE_JOB"
	dirVar    = "DEVICE_DIR"
	officeVar = "DEVICE_OFFICE"
	argVar    = "DEVICE_ARG" // JSON of a Job
	gtinVar   = "DEVICE_GTIN"
)

func TestMain(m *testing.M) {
	if job := os.Getenv(jobVar); job != "" {
		if err := work(job); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func work(job string) error {
	ctx := context.Background()
	if job == "new" {
		_, err := New(os.Getenv(dirVar), "4000000000044", "")
		return err
	}
	d, err := Open(os.Getenv(dirVar), "")
	if err != nil {
		return err
	}
	office, err := client.New(os.Getenv(officeVar), "token")
	if err != nil {
		return err
	}
	scale := newPan("0.5123")
	bench, err := NewBench(time.Minute, scale)
	if err != nil {
		return err
	}
	switch job {
	case "line":
		_, err = d.ChangeLine(ctx, office, Change{GTIN: gs1.GTIN(os.Getenv(gtinVar)), Rotate: true})
		return err
	case "register":
		var j Job
		if err := json.Unmarshal([]byte(os.Getenv(argVar)), &j); err != nil {
			return err
		}
		_, err = (&Registrar{Device: d, Office: office, Bench: bench}).Register(ctx, j)
		return err
	case "measure":
		scale.hold, scale.begun = make(chan struct{}), make(chan struct{}) // nobody ever lets it go on
		m := &Meter{Device: d, Bench: bench, Makers: []*client.Client{office}, Now: time.Now, Rate: 100}
		if err := m.Begin(ctx); err != nil {
			return err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println("http://" + l.Addr().String())
		go func() {
			<-scale.begun
			fmt.Println("begun")
		}()
		return m.Serve(ctx, l, slog.New(slog.DiscardHandler))
	}
	return errors.New("no such job")
}

func child(t *testing.T, job, dir string, more ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(must(os.Executable())(t))
	cmd.Env = append(os.Environ(), append(more, jobVar+"="+job, dirVar+"="+dir)...)
	cmd.Stderr = os.Stderr
	return cmd
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// hang makes the office hold a request until its caller was killed, and then do it or
// not.
func (o *office) hang(method, path string, do bool) (came, killed chan struct{}) {
	came, killed = make(chan struct{}), make(chan struct{})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.before = func(r *http.Request) error {
		if r.Method != method || r.URL.Path != path {
			return nil
		}
		o.before = nil
		close(came)
		<-killed
		if !do {
			return errLost
		}
		return nil
	}
	return came, killed
}

// killedWhile runs a job until the office has its request, and kills it there.
func (l *lab) killedWhile(t *testing.T, cmd *exec.Cmd, method, path string, do bool) {
	t.Helper()
	came, killed := l.office(l.DM).hang(method, path, do)
	cmd.Env = append(cmd.Env, officeVar+"="+l.office(l.DM).server.URL)
	cmd.Stdout = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-came:
	case <-time.After(30 * time.Second):
		t.Error("the request did not come")
	}
	kill(t, cmd)
	close(killed)
	l.office(l.DM).mu.Lock() // the request has ended
	defer l.office(l.DM).mu.Unlock()
}

// reopened runs something while the device's folder is another process's.
func (l *lab) reopened(t *testing.T, away func(dir string)) {
	t.Helper()
	dir := l.maker.dir()
	if err := l.maker.Close(); err != nil {
		t.Fatal(err)
	}
	away(dir)
	d := must(Open(dir, ""))(t)
	l.maker.Card, l.maker.store, l.maker.signer, l.maker.seal, l.maker.folder, l.maker.leave = d.Card, d.store, d.signer, d.seal, d.folder, d.leave
}

// kill -9 while the server is told of a new epoch: what came of it is found, and the
// judgment value of the ledger's epoch is never lost.
func TestKilledWhileRotating(t *testing.T) {
	for _, did := range []bool{true, false} {
		l := newLab(t)
		l.reopened(t, func(dir string) {
			l.killedWhile(t, child(t, "line", dir, gtinVar+"="+string(l.Product)), http.MethodPut, "/v1/lines", did)
		})
		now, err := l.change(t, l.maker, Change{Rotate: true})
		if err != nil || now.Epoch != 2 {
			t.Fatalf("did %t: %+v, %v", did, now, err)
		}
		if k, err := l.fetched(t, l.carrier, 2); err != nil || k.J != l.judgment(t, l.maker, 2).J {
			t.Errorf("did %t: %v", did, err)
		}
	}
}

// kill -9 while the server is sent a registration: it is registered once.
func TestKilledWhileRegistering(t *testing.T) {
	for _, did := range []bool{true, false} {
		l := newLab(t)
		job := l.job(50, 60)
		arg := argVar + "=" + string(must(json.Marshal(job))(t))
		l.reopened(t, func(dir string) {
			l.killedWhile(t, child(t, "register", dir, arg), http.MethodPost, "/v1/registrations", did)
		})
		got, err := l.registrar(t).Register(t.Context(), job)
		if err != nil || !got.Found || l.pan.n != 0 || len(l.kept) != 1 || got.Registration.Size != 10 {
			t.Errorf("did %t: %+v, %v, %d measurements, %d registrations", did, got, err, l.pan.n, len(l.kept))
		}
	}
}

// kill -9 while the device measures: the folder is free, the challenge is used up.
func TestKilledWhileMeasuring(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	if _, err := l.fetched(t, l.carrier, 1); err != nil {
		t.Fatal(err)
	}
	dir := l.carrier.dir()
	card := l.carrier.Card
	if err := l.carrier.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := child(t, "measure", dir, officeVar+"="+l.office(l.DM).server.URL)
	out := must(cmd.StdoutPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	if !said.Scan() {
		t.Fatal("it does not listen")
	}
	c := must(client.New(said.Text(), ""))(t)
	challenge := l.challenge(t, id, 3, 53)
	sealed := must(challenge.Seal(card.device()))(t)
	ended := make(chan error, 1)
	go func() {
		_, err := c.Measure(t.Context(), sealed)
		ended <- err
	}()
	if !said.Scan() || said.Text() != "begun" {
		t.Fatalf("it says %q", said.Text())
	}
	kill(t, cmd)
	if err := <-ended; err == nil {
		t.Error("a killed device answered")
	}
	*l = lab{town: l.town, maker: l.maker, carrier: must(Open(dir, ""))(t), pan: l.pan, scale: newPan("0.51")}
	m := l.meterOf(t, l.carrier, l.scale)
	_, err := m.Answer(t.Context(), "test", must(challenge.Seal(card.device()))(t))
	code(t, err, "instrument_replayed")
	if _, err := m.Answer(t.Context(), "test", must(l.challenge(t, id, 5, 55).Seal(card.device()))(t)); err != nil {
		t.Error(err)
	}
	if err := l.carrier.Close(); err != nil {
		t.Error(err)
	}
}

// kill -9 of device new after each of its files: run again, there is one card.
func TestKilledWhileMade(t *testing.T) {
	for after := range 10 {
		dir := filepath.Join(t.TempDir(), "device")
		cmd := child(t, "new", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for entries(dir) < after {
			if _, err := os.Stat(filepath.Join(dir, cardFile)); err == nil {
				break // it has ended before
			}
		}
		kill(t, cmd)
		first, err := New(dir, ledgertest.WithCheckDigit("400000000004"), "")
		if err != nil {
			t.Fatalf("after %d: %v", after, err)
		}
		if again, err := New(dir, first.Operator, ""); err != nil || again.Device != first.Device {
			t.Errorf("after %d: %v", after, err)
		}
		d, err := Open(dir, "")
		if err != nil {
			t.Fatalf("after %d: %v", after, err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// entries counts what is in a folder that somebody is making.
func entries(dir string) (n int) {
	_ = filepath.WalkDir(dir, func(_ string, _ fs.DirEntry, err error) error {
		if err == nil {
			n++
		}
		return nil // what has gone meanwhile is not counted
	})
	return n
}
