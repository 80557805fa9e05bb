package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/internal/organisation"
	"theriac/lightclient"
	"theriac/refusal"
)

type networkCmd struct {
	Init    networkInitCmd    `cmd:"" help:"Make a new network: its governors, their nodes, genesis and trust root."`
	Status  networkStatusCmd  `cmd:"" help:"How an organisation's node is."`
	Witness networkWitnessCmd `cmd:"" help:"Watch that the log only grows, and keep the evidence if it does not."`
}

type networkInitCmd struct {
	Validators int    `help:"Governors with a validator each." default:"4"`
	Out        string `required:"" help:"Folder to make, with a folder for each organisation." placeholder:"DIR"`
	Chain      string `help:"Name of the chain." default:"theriac"`
	Host       string `help:"Host on which all listen; edit organisation.json to spread them." default:"127.0.0.1"`
	API        int    `help:"Port of the first API." default:"8080"`
	P2P        int    `name:"peer-port" help:"Port of the first node." default:"26656"`
	Profile    string `help:"lan or wan." enum:"lan,wan" default:"lan"`
}

// Help implements kong.HelpProvider.
func (networkInitCmd) Help() string {
	return `  theriac network init --validators 4 --out net
  theriac serve --data net/1     # and 2, 3, 4, on one machine or four`
}

func (n *networkInitCmd) Run(con *console) error {
	if n.Validators < 1 || n.Validators > 100 {
		return fmt.Errorf("%d validators: 1 to 100", n.Validators)
	}
	if _, err := os.Stat(filepath.Join(n.Out, "genesis.json")); err == nil {
		return fmt.Errorf("%s has a network already: its genesis cannot be made again", n.Out)
	}
	var plans []organisation.Plan
	for i := range n.Validators {
		name := fmt.Sprint(i + 1)
		plans = append(plans, organisation.Plan{
			Dir: filepath.Join(n.Out, name), Founder: true, Validator: true,
			Settings: organisation.Settings{
				GLN: organisation.ExampleGLN(i + 1), Name: "Governor " + name, Roles: []chain.Role{chain.Governor},
				Listen:   fmt.Sprintf("%s:%d", n.Host, n.API+i),
				Endpoint: fmt.Sprintf("http://%s:%d", n.Host, n.API+i),
				Node:     organisation.NodeSettings{Listen: fmt.Sprintf("%s:%d", n.Host, n.P2P+i), Profile: organisation.Profile(n.Profile)},
			},
		})
	}
	genesis, trust, err := organisation.Found(n.Chain, time.Now(), plans)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(n.Out, "genesis.json"), genesis); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(n.Out, "trust.json"), trust); err != nil {
		return err
	}
	con.printf("chain %s with %d validators in %s\n", n.Chain, n.Validators, n.Out)
	for _, p := range plans {
		con.printf("  theriac serve --data %s    # %s, %s\n", p.Dir, p.Settings.Name, p.Settings.Endpoint)
	}
	con.printf("Others join with %s; verifiers pin %s.\n", filepath.Join(n.Out, "genesis.json"), filepath.Join(n.Out, "trust.json"))
	return nil
}

type networkStatusCmd struct{ server }

func (n *networkStatusCmd) Run(ctx context.Context, con *console) error {
	return ask(&n.server, con, get[api.Status](ctx, "/v1/status", nil), func(s *api.Status) {
		con.printf("chain %s, height %d, %d leaves, %d peers, %d waiting\n", s.Chain, s.Height, s.Root.LogSize, s.Peers, s.Waiting)
		con.printf("node %s, validates %v, catching up %v\n", s.Node, s.Validates, s.CatchingUp)
		if !s.Page.IsZero() {
			con.printf("pages %s\n", s.Page)
		}
	})
}

type networkWitnessCmd struct {
	Server []string      `required:"" help:"Address of an organisation's API; may be repeated, to catch a split view." placeholder:"URL"`
	State  string        `required:"" help:"File that remembers what was seen." placeholder:"FILE"`
	Trust  string        `help:"The trust root that you pin. Without it the first server's is taken the first time." placeholder:"FILE"`
	Every  time.Duration `help:"How often to look; 0: once." default:"0s"`
}

// Help implements kong.HelpProvider.
func (networkWitnessCmd) Help() string {
	return `A log that was cut, reordered or rewritten, or that is shown to two servers in two
versions, ends the command with status 1, and both signed checkpoints stay in
FILE.evidence.json: proof against the validators who signed them.

  theriac network witness --server http://a.example --server http://b.example --state seen.json --every 1m`
}

// A witnessed is the state file.
type witnessed struct {
	Trust json.RawMessage     `json:"trust"`
	Seen  theriac.Seen        `json:"seen"`
	Last  *theriac.Checkpoint `json:"last,omitempty"`
}

func (n *networkWitnessCmd) Run(ctx context.Context, con *console) error {
	for {
		for _, server := range n.Server {
			if err := n.look(ctx, con, server); err != nil {
				return err
			}
		}
		if n.Every <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(n.Every):
		}
	}
}

func (n *networkWitnessCmd) look(ctx context.Context, con *console, server string) error {
	c, err := client.New(server, "")
	if err != nil {
		return err
	}
	w, err := n.load(ctx, c)
	if err != nil {
		return err
	}
	trust, err := theriac.ParseTrust(w.Trust)
	if err != nil {
		return err
	}
	cp, err := client.Get[theriac.Checkpoint](ctx, c, "/v1/checkpoint", url.Values{"older": {fmt.Sprint(w.Seen.Root.LogSize)}})
	if refusal.Code(err) == "bad_request" && w.Seen.Root.LogSize > 0 {
		// The server's log is shorter than what was seen: behind, or cut. Its header says which.
		cp, err = client.Get[theriac.Checkpoint](ctx, c, "/v1/checkpoint", nil)
	}
	if err != nil {
		return err
	}
	seen, err := w.Seen.Witness(trust, cp)
	if errors.Is(err, theriac.ErrRewritten) {
		evidence, jsonErr := json.MarshalIndent(map[string]any{"server": server, "before": w.Last, "now": cp, "trust": w.Trust}, "", "  ")
		if jsonErr != nil {
			return jsonErr
		}
		name := n.State + ".evidence.json"
		if err := writeFile(name, evidence); err != nil {
			return err
		}
		con.printf("%s: the evidence is in %s\n", server, name)
		if w.Last != nil {
			if f, err := theriac.Fork(trust, w.Last, cp); err == nil {
				con.printf("validators who signed two blocks at height %d: %s\n", f.Height, keys(f.Keys))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", server, err)
	}
	if seen != w.Seen || w.Last == nil {
		w.Seen, w.Last = seen, cp
	}
	raw, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if err := writeFile(n.State+".new", raw); err != nil {
		return err
	}
	con.printf("%s: height %d, %d leaves, as seen before and grown\n", server, w.Seen.Height, w.Seen.Root.LogSize)
	return os.Rename(n.State+".new", n.State)
}

func (n *networkWitnessCmd) load(ctx context.Context, c *client.Client) (*witnessed, error) {
	var w witnessed
	raw, err := os.ReadFile(n.State)
	switch {
	case err == nil:
		if err := json.Unmarshal(raw, &w); err != nil {
			return nil, fmt.Errorf("%s: %w", n.State, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if n.Trust != "" {
		w.Trust, err = readFile(n.Trust)
		return &w, err
	}
	if w.Trust == nil {
		w.Trust, err = c.Raw(ctx, "/v1/trust", nil)
		return &w, err
	}
	return &w, nil
}

// keys lists validators' keys as a trust root does.
func keys(of []lightclient.Bytes) string {
	var out []string
	for _, k := range of {
		out = append(out, canon.Text(k))
	}
	return strings.Join(out, ", ")
}
