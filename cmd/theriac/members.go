package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"theriac/api"
	"theriac/client"
	"theriac/envelope"
	"theriac/internal/organisation"
)

type memberCmd struct {
	List         memberListCmd         `cmd:"" help:"The members of the consortium."`
	Apply        memberApplyCmd        `cmd:"" help:"Send this organisation's application to a governor."`
	Applications memberApplicationsCmd `cmd:"" help:"Applications that came to this governor."`
	Admit        memberAdmitCmd        `cmd:"" help:"Propose an applicant, with this governor's vote."`
	Vote         memberVoteCmd         `cmd:"" help:"Vote on a proposal of another governor."`
	Suspend      memberStandingCmd     `cmd:"" help:"Propose to suspend, remove or reinstate a member."`
}

type memberListCmd struct{ server }

func (m *memberListCmd) Run(ctx context.Context, con *console) error {
	c, err := m.client()
	if err != nil {
		return err
	}
	members, err := client.Get[[]api.Member](ctx, c, "/v1/members", nil)
	if err != nil {
		return err
	}
	return m.show(con, members, func() {
		for _, x := range *members {
			var roles []string
			for _, r := range x.Roles {
				roles = append(roles, string(r))
			}
			con.printf("%s  %-9s %-28s %-26s %s\n", x.GLN, x.Status, x.Name, strings.Join(roles, ","), x.Endpoint)
		}
	})
}

type memberApplyCmd struct {
	Data     string `required:"" help:"This organisation's folder." placeholder:"DIR"`
	Governor string `required:"" help:"Address of a governor's API." placeholder:"URL"`
}

// Help implements kong.HelpProvider.
func (memberApplyCmd) Help() string {
	return `The application is signed with this organisation's key, which never leaves its folder.

  theriac key new --data pharmacy --gln 9521141001059 --name "Station pharmacy" --role pharmacy \
    --endpoint http://pharmacy.example:8080 --genesis genesis.json --peer ID@HOST:26656
  theriac member apply --data pharmacy --governor http://office.example:8080`
}

func (m *memberApplyCmd) Run(ctx context.Context, con *console) error {
	c, err := client.New(m.Governor, "")
	if err != nil {
		return err
	}
	status, err := client.Get[api.Status](ctx, c, "/v1/status", nil)
	if err != nil {
		return err
	}
	raw, err := organisation.Apply(m.Data, status.Chain, status.GLN)
	if err != nil {
		return err
	}
	r, err := c.Deliver(ctx, raw)
	if err != nil {
		return err
	}
	sent, err := envelope.DecodeMessage(raw)
	if err != nil {
		return err
	}
	con.printf("application %s is with governor %s, BC %s\n", sent.Envelope.Claims.ID, status.GLN, r.BC)
	return nil
}

type memberApplicationsCmd struct{ server }

func (m *memberApplicationsCmd) Run(ctx context.Context, con *console) error {
	c, err := m.client()
	if err != nil {
		return err
	}
	found, err := client.Get[[]api.Application](ctx, c, "/v1/applications", nil)
	if err != nil {
		return err
	}
	return m.show(con, found, func() {
		for _, a := range *found {
			con.printf("%s  %s  %-28s %v  %s\n", a.ID, a.GLN, a.Name, a.Roles, a.Created)
		}
	})
}

type memberAdmitCmd struct {
	server
	Application string `arg:"" help:"Id of the application."`
}

func (m *memberAdmitCmd) Run(ctx context.Context, con *console) error {
	return decide(ctx, con, &m.server, "/v1/applications/"+url.PathEscape(m.Application)+"/admission", nil)
}

// decide posts what governors decide and prints where the proposal stands.
func decide(ctx context.Context, con *console, s *server, path string, body any) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	d, err := client.Post[api.Decision](ctx, c, path, "", body)
	if err != nil {
		return err
	}
	return s.show(con, d, func() {
		con.printf("proposal %s: %s, %d for, %d against\n", d.Proposal, d.Status, d.For, d.Against)
	})
}

type memberVoteCmd struct {
	server
	Proposal string `arg:"" help:"The proposal."`
	Against  bool   `help:"Vote against it."`
}

func (m *memberVoteCmd) Run(ctx context.Context, con *console) error {
	return decide(ctx, con, &m.server, "/v1/proposals/"+url.PathEscape(m.Proposal)+"/votes", map[string]bool{"accept": !m.Against})
}

type memberStandingCmd struct {
	server
	Member string `arg:"" help:"GLN."`
	Status string `help:"active, suspended or removed." enum:"active,suspended,removed" default:"suspended"`
}

func (m *memberStandingCmd) Run(ctx context.Context, con *console) error {
	c, err := m.client()
	if err != nil {
		return err
	}
	members, err := client.Get[[]api.Member](ctx, c, "/v1/members", nil)
	if err != nil {
		return err
	}
	for _, x := range *members {
		if x.GLN == m.Member {
			return decide(ctx, con, &m.server, "/v1/standings", map[string]any{
				"member": x.GLN, "roles": x.Roles, "prefixes": x.Prefixes, "status": m.Status,
			})
		}
	}
	return fmt.Errorf("no member %s", m.Member)
}

type keyCmd struct {
	New    keyNewCmd    `cmd:"" help:"Make the folder of an organisation, with its keys."`
	List   keyListCmd   `cmd:"" help:"The keys of a member, as the ledger has them."`
	Rotate keyRotateCmd `cmd:"" help:"Register a new signing key and use it."`
	Revoke keyRevokeCmd `cmd:"" help:"End a key of this organisation."`
}

type keyNewCmd struct {
	Data     string   `required:"" help:"Folder to make." placeholder:"DIR"`
	GLN      string   `required:"" help:"The organisation's GLN."`
	Name     string   `required:"" help:"Its name."`
	Role     []string `required:"" help:"Roles: supplier, manufacturer, administration, distributor, pharmacy, hospital, courier, governor."`
	Prefix   []string `help:"Licensed GS1 company prefixes."`
	Listen   string   `help:"host:port of the API." default:"127.0.0.1:8080"`
	Endpoint string   `help:"Address under which others reach it." placeholder:"URL"`
	Genesis  string   `help:"Genesis of the network to join; with it the folder gets a node." placeholder:"FILE"`
	Peer     []string `help:"id@host:port of a node to connect to; may be repeated."`
	P2P      string   `name:"peer-listen" help:"host:port for peers of the node." default:"127.0.0.1:26656"`
	SyncFrom string   `help:"API of a member from whose blocks to verify a snapshot; without it every block is fetched." placeholder:"URL"`
	Profile  string   `help:"lan or wan." enum:"lan,wan" default:"lan"`
}

func (k *keyNewCmd) Run(con *console) error {
	s, err := k.settings()
	if err != nil {
		return err
	}
	if err := organisation.Create(k.Data, *s, k.Genesis != ""); err != nil {
		return err
	}
	if kept, err := organisation.LoadSettings(k.Data); err != nil || !reflect.DeepEqual(kept, s) {
		return errors.Join(err, fmt.Errorf("%s was there already and says otherwise: edit it, or choose another folder", filepath.Join(k.Data, "organisation.json")))
	}
	if k.Genesis != "" {
		doc, err := readFile(k.Genesis)
		if err != nil {
			return err
		}
		if err := organisation.PutGenesis(k.Data, doc); err != nil {
			return err
		}
	}
	con.printf("%s: keys of %s (%s)\n", k.Data, k.Name, k.GLN)
	return nil
}

type keyListCmd struct {
	server
	Member string `arg:"" help:"GLN."`
}

func (k *keyListCmd) Run(ctx context.Context, con *console) error {
	c, err := k.client()
	if err != nil {
		return err
	}
	members, err := client.Get[[]api.Member](ctx, c, "/v1/members", nil)
	if err != nil {
		return err
	}
	for _, m := range *members {
		if m.GLN != k.Member {
			continue
		}
		return k.show(con, m.Keys, func() {
			for _, key := range m.Keys {
				con.printf("%s  %s\n", key.ID, standing(key))
			}
		})
	}
	return fmt.Errorf("no member %s", k.Member)
}

// standing says since and until when a key counts.
func standing(k api.Key) string {
	at := func(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
	s := "since " + at(k.From)
	if k.Until != 0 {
		s += ", until " + at(k.Until)
	}
	if k.Revoked != 0 {
		s += ", revoked " + at(k.Revoked)
	}
	return s
}

type keyRotateCmd struct{ server }

func (k *keyRotateCmd) Run(ctx context.Context, con *console) error {
	c, err := k.client()
	if err != nil {
		return err
	}
	key, err := client.Post[struct {
		ID string `json:"kid"`
	}](ctx, c, "/v1/keys", "", nil)
	if err != nil {
		return err
	}
	return k.show(con, key, func() { con.printf("key %s is in use\n", key.ID) })
}

type keyRevokeCmd struct {
	server
	Key string `arg:"" help:"Thumbprint (kid) of the key."`
}

// Help implements kong.HelpProvider.
func (keyRevokeCmd) Help() string {
	return `It ends with the block that the revocation is in; what was signed before stays
valid. Put -- before a thumbprint that begins with a dash.

  theriac key list 9521141001059
  theriac key revoke -- -Z3yw0WJ0…`
}

func (k *keyRevokeCmd) Run(ctx context.Context, con *console) error {
	c, err := k.client()
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, c, "/v1/keys/"+url.PathEscape(k.Key)); err != nil {
		return err
	}
	return k.show(con, map[string]string{"revoked": k.Key}, func() { con.printf("key %s is revoked\n", k.Key) })
}
