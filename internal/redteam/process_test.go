package redteam

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/internal/chainstore"
	"theriac/internal/cometbft"
	"theriac/internal/journey"
	"theriac/internal/ledger"
	"theriac/internal/organisation"
)

// A process is an organisation that runs by the built command.
type process struct {
	*party
	t       *testing.T
	command string
	office  *process // whose blocks come while this one catches up; nil: nobody's

	mu     sync.Mutex
	cmd    *exec.Cmd
	stderr *bytes.Buffer
}

// newProcess names an organisation by its folder; start runs it.
func newProcess(t *testing.T, dir string, office *process) *process {
	t.Helper()
	s, err := organisation.LoadSettings(dir)
	if err != nil {
		t.Fatal(err)
	}
	token, err := organisation.Token(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New("http://"+s.Listen, string(token))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, command: command(t), office: office, party: &party{
		Actor: &journey.Actor{Name: s.Name, GLN: s.GLN, Endpoint: "http://" + s.Listen, API: c}, dir: dir, token: string(token),
	}}
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
	})
	return p
}

// start runs the command and returns before it is ready.
func (p *process) start() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stderr = &bytes.Buffer{}
	p.cmd = exec.Command(p.command, "serve", "--data", p.dir, "--limit", "1e6", "--log", "error")
	p.cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(p.dir, "cache"))
	p.cmd.Stderr = p.stderr
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// ready waits until its node takes transactions.
func (p *process) ready() {
	p.t.Helper()
	until(p.t, p.Name+" is ready", func() bool {
		if p.office != nil {
			p.office.block()
		}
		_, err := p.API.Raw(p.t.Context(), "/readyz", nil)
		return err == nil
	})
}

// block makes a block: a node that catches up knows by the next one that it has.
func (p *process) block() {
	body := map[string]string{"name": p.Name, "endpoint": p.Endpoint}
	// It may be busy or gone: then the next time.
	_, _ = client.Put[struct{}](p.t.Context(), p.API, "/v1/profile", body)
}

// kill ends the process as a loss of power would, as far as it can tell.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
	_ = p.cmd.Wait() // it was killed
	if p.cmd.ProcessState.Exited() {
		p.t.Errorf("%s ended by itself: %s: %.2000s", p.Name, p.cmd.ProcessState, p.stderr)
	}
	p.cmd = nil
}

// end asks the process to end in good order.
func (p *process) end() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Error(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("%s: %v: %.2000s", p.Name, err, p.stderr)
	}
	p.cmd = nil
}

// A town is the stage's office, manufacturer and supplier, each a process with a
// node of its own; the office's is the validator.
type town struct {
	*walk
	office, dm, ms *process
}

// newTown sets a stage, takes a medicine to its approval, and opens the three again
// as processes, none of which runs yet.
func newTown(t *testing.T) *town {
	t.Helper()
	w := ownStage(t)
	k := (&walk{w: w, last: 4}).run(t)
	w.stop()
	office := newProcess(t, w.office.dir, nil)
	for _, p := range []*party{w.dm, w.ms} {
		follow(t, p, w)
	}
	return &town{k, office, newProcess(t, w.dm.dir, office), newProcess(t, w.ms.dir, office)}
}

// follow gives an organisation a node of its own.
func follow(t *testing.T, p *party, w *world) {
	t.Helper()
	home := organisation.NodeHome(p.dir)
	if _, err := cometbft.InitHome(home); err != nil {
		t.Fatal(err)
	}
	genesis, err := os.ReadFile(filepath.Join(w.Dir, "genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cometbft.PutGenesis(home, genesis); err != nil {
		t.Fatal(err)
	}
	peer, err := cometbft.InitHome(organisation.NodeHome(w.office.dir)) // it has one: this tells its id
	if err != nil {
		t.Fatal(err)
	}
	o, err := organisation.LoadSettings(w.office.dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := organisation.LoadSettings(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Node.Peers = []string{peer + "@" + o.Node.Listen}
	if err := s.Save(p.dir); err != nil {
		t.Fatal(err)
	}
}

// status returns how a process is, or false while it does not answer.
func (p *process) status() (api.Status, bool) {
	s, err := client.Get[api.Status](p.t.Context(), p.API, "/v1/status", nil)
	if err != nil {
		return api.Status{}, false
	}
	return *s, true
}

// log ends the office and returns the transactions of its log, by kind.
func (w *town) log(t *testing.T) map[chain.Kind][]chain.Tx {
	t.Helper()
	w.office.end()
	s, err := chainstore.Open(filepath.Join(w.office.dir, "node", "data", "chain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := s.Latest()
	defer v.Close()
	out := map[chain.Kind][]chain.Tx{}
	for i := range v.Root().LogSize {
		_, raw, err := v.Leaf(i)
		if err != nil {
			t.Fatal(err)
		}
		var tx chain.Tx
		if _, err := ledger.Open(raw, &tx); err != nil {
			t.Fatal(err)
		}
		out[tx.Kind] = append(out[tx.Kind], tx)
	}
	return out
}

// released counts the records of the batch on the ledger.
func (w *town) released(t *testing.T) int {
	t.Helper()
	n := 0
	for _, tx := range w.log(t)[chain.KindBatch] {
		var r chain.BatchRelease
		if err := canon.DecodeCBOR(tx.Body, &r); err != nil {
			t.Fatal(err)
		}
		if r.Lot == w.lot {
			n++
		}
	}
	return n
}
