package journey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"theriac/api"
	"theriac/chain"
	"theriac/client"
	"theriac/internal/cometbft"
	"theriac/internal/organisation"
)

// A Stage is all organisations of the story in one process, each with its own
// keys, store and listener. The first of them have validators; the others share
// the office's node.
type Stage struct {
	Cast  Cast
	Dir   string
	Trust []byte // the trust root that verifiers pin

	config StageConfig
	orgs   []*organisation.Organisation
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// A StageConfig says how a stage is set.
type StageConfig struct {
	Dir        string
	Validators int    // 1 to 7
	Listen     string // host:port of the pharmacy's API; empty: any free port
	Log        *slog.Logger
	Version    string
	Limit      float64
	// Devices are the addresses of measuring devices that every organisation may ask,
	// from the first opening on.
	Devices []string
	// Tell is told of each registration; it may be nil.
	Tell func(step, evidence string)
}

// A part is an organisation of the story before it is on the stage.
type part struct {
	folder, name string
	gln          int // of organisation.ExampleGLN
	role         chain.Role
	prefixes     []string
	actor        *Actor
}

func (s *Stage) parts() []part {
	c := &s.Cast
	return []part{
		{"office", "Consortium office", 100, chain.Governor, nil, &c.Governor},
		{"administration", "Drug administration", 101, chain.Administration, nil, &c.Administration},
		{"manufacturer", "Manufacturer", 102, chain.Manufacturer, []string{ManufacturerPrefix}, &c.Manufacturer},
		{"distributor", "Distributor", 103, chain.Distributor, nil, &c.Distributor},
		{"supplier", "Supplier", 104, chain.Supplier, []string{SupplierPrefix}, &c.Supplier},
		{"pharmacy", "Station pharmacy", 105, chain.Pharmacy, nil, &c.Pharmacy},
		{"hospital", "City hospital", 106, chain.Hospital, nil, &c.Hospital},
	}
}

const (
	chainName   = "theriac-demo"
	trustFile   = "trust.json"
	genesisFile = "genesis.json"
)

// Open sets the stage in a folder, or finds it set, and registers everybody who
// is not a member yet.
func Open(ctx context.Context, c StageConfig) (*Stage, error) {
	s := &Stage{Dir: c.Dir, config: c}
	if c.Tell == nil {
		s.config.Tell = func(string, string) {}
	}
	ctx, s.cancel = context.WithCancel(ctx)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context) error {
	if err := s.found(); err != nil {
		return err
	}
	var shared *cometbft.Node
	// Validators come first: nothing is committed until most of them run.
	for i, p := range s.parts() {
		dir := filepath.Join(s.Dir, p.folder)
		o := organisation.Options{Log: s.config.Log, Version: s.config.Version, Limit: s.config.Limit}
		if _, err := os.Stat(organisation.NodeHome(dir)); err != nil {
			o.Node = shared
		}
		org, err := organisation.Open(ctx, dir, o)
		if err != nil {
			return err
		}
		s.orgs = append(s.orgs, org)
		if i == 0 {
			shared = org.Node
		}
		if err := s.listen(ctx, org, p, dir); err != nil {
			return err
		}
	}
	return s.register(ctx)
}

// found makes the folders and the genesis, once.
func (s *Stage) found() error {
	trust, err := os.ReadFile(filepath.Join(s.Dir, trustFile))
	if err == nil {
		s.Trust = trust
		return nil
	}
	if s.config.Validators < 1 || s.config.Validators > len(s.parts()) {
		return fmt.Errorf("%d validators: 1 to %d", s.config.Validators, len(s.parts()))
	}
	var plans []organisation.Plan
	for i, p := range s.parts() {
		listen := s.config.Listen
		if p.actor != &s.Cast.Pharmacy || listen == "" || strings.HasSuffix(listen, ":0") {
			if listen, err = organisation.FreePort(); err != nil {
				return err
			}
		}
		peers, err := organisation.FreePort()
		if err != nil {
			return err
		}
		plans = append(plans, organisation.Plan{
			Dir: filepath.Join(s.Dir, p.folder), Founder: i == 0, Validator: i < s.config.Validators,
			Settings: organisation.Settings{
				GLN: organisation.ExampleGLN(p.gln), Name: p.name, Roles: []chain.Role{p.role}, Prefixes: p.prefixes,
				Listen: listen, Endpoint: "http://" + listen, Devices: s.config.Devices, Node: organisation.NodeSettings{Listen: peers},
			},
		})
	}
	genesis, trust, err := organisation.Found(chainName, time.Now(), plans)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Dir, genesisFile), genesis, 0o600); err != nil {
		return err
	}
	s.Trust = trust
	return os.WriteFile(filepath.Join(s.Dir, trustFile), trust, 0o600)
}

// listen serves an organisation where its settings say, or on another port if
// somebody has taken that one since.
func (s *Stage) listen(ctx context.Context, org *organisation.Organisation, p part, dir string) error {
	address := org.Settings.Listen
	if p.actor == &s.Cast.Pharmacy && s.config.Listen != "" && !strings.HasSuffix(s.config.Listen, ":0") {
		address = s.config.Listen
	}
	l, err := net.Listen("tcp", address)
	if err != nil && address == s.config.Listen {
		return fmt.Errorf("%s is taken: give another address: %w", address, err)
	}
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	token, err := organisation.Token(dir)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	endpoint := "http://" + l.Addr().String()
	if endpoint != org.Settings.Endpoint {
		org.Settings.Listen, org.Settings.Endpoint = l.Addr().String(), endpoint
		if err := org.Settings.Save(dir); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	if *p.actor, err = actor(org, endpoint, token); err != nil {
		return errors.Join(err, l.Close())
	}
	s.group.Add(1)
	go func() {
		defer s.group.Done()
		if err := org.Serve(ctx, l); err != nil && s.config.Log != nil {
			s.config.Log.Error("serve", "organisation", p.name, "err", err)
		}
	}()
	return nil
}

func actor(org *organisation.Organisation, endpoint string, token []byte) (Actor, error) {
	c, err := client.New(endpoint, string(token))
	return Actor{Name: org.Settings.Name, GLN: org.Settings.GLN, Endpoint: endpoint, API: c}, err
}

// register has everybody apply and the governor admit, as in the paper's first
// phase; who is a member already only says where it listens now.
func (s *Stage) register(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	members, err := client.Get[[]api.Member](ctx, s.Cast.Governor.API, "/v1/members", nil)
	if err != nil {
		return err
	}
	at := map[string]string{}
	for _, m := range *members {
		at[m.GLN] = m.Endpoint
	}
	for _, p := range s.parts() {
		endpoint, member := at[p.actor.GLN]
		switch {
		case !member:
			err = s.admit(ctx, p)
		case endpoint != p.actor.Endpoint:
			err = s.moved(ctx, p)
		}
		if err != nil {
			return fmt.Errorf("registration of %s: %w", p.name, err)
		}
	}
	return nil
}

// ready waits until the governor's node takes transactions.
func (s *Stage) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, err := s.Cast.Governor.API.Raw(ctx, "/readyz", nil)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Stage) admit(ctx context.Context, p part) error {
	raw, err := organisation.Apply(filepath.Join(s.Dir, p.folder), chainName, s.Cast.Governor.GLN)
	if err != nil {
		return err
	}
	if _, err := s.Cast.Governor.API.Deliver(ctx, raw); err != nil {
		return err
	}
	waiting, err := client.Get[[]api.Application](ctx, s.Cast.Governor.API, "/v1/applications", nil)
	if err != nil {
		return err
	}
	for _, a := range *waiting {
		if a.GLN != p.actor.GLN {
			continue
		}
		d, err := client.Post[api.Decision](ctx, s.Cast.Governor.API, "/v1/applications/"+a.ID.String()+"/admission", "", nil)
		if err != nil {
			return err
		}
		if d.Status != "accepted" {
			return fmt.Errorf("proposal %s is %s", d.Proposal, d.Status)
		}
		s.config.Tell("0 registration of "+p.name+", "+string(p.role), "GLN "+p.actor.GLN+", proposal "+d.Proposal.String())
		return nil
	}
	return errors.New("the governor does not have the application")
}

func (s *Stage) moved(ctx context.Context, p part) error {
	for _, org := range s.orgs {
		if org.Settings.GLN != p.actor.GLN {
			continue
		}
		me, err := org.Supply.Member(p.actor.GLN)
		if err != nil {
			return err
		}
		return org.Registry.SetProfile(ctx, me.Name, p.actor.Endpoint)
	}
	return nil
}

// Close stops all organisations.
func (s *Stage) Close() error {
	s.cancel()
	s.group.Wait()
	var errs []error
	// The shared node is the first one's; it goes last.
	for i := len(s.orgs) - 1; i >= 0; i-- {
		errs = append(errs, s.orgs[i].Close())
	}
	return errors.Join(errs...)
}
