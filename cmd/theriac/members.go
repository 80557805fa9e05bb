package main

import (
	"cmp"
	"context"
	"net/url"
	"strings"

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
	Profile      memberProfileCmd      `cmd:"" help:"Change this organisation's name or address."`
	Suspend      memberStandingCmd     `cmd:"" help:"Propose to suspend, remove or reinstate a member."`
}

type memberListCmd struct{ server }

func (m *memberListCmd) Run(ctx context.Context, con *console) error {
	return ask(&m.server, con, get[[]api.Member](ctx, "/v1/members", nil), func(members *[]api.Member) {
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
	return ask(&m.server, con, get[[]api.Application](ctx, "/v1/applications", nil), func(found *[]api.Application) {
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
	return ask(s, con, post[api.Decision](ctx, path, "", body), func(d *api.Decision) {
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
	x, err := m.member(ctx, m.Member)
	if err != nil {
		return err
	}
	return decide(ctx, con, &m.server, "/v1/standings", map[string]any{
		"member": x.GLN, "roles": x.Roles, "prefixes": x.Prefixes, "status": m.Status,
	})
}

type memberProfileCmd struct {
	server
	Name     string `help:"The organisation's name."`
	Endpoint string `help:"Address under which others reach it." placeholder:"URL"`
}

// Help implements kong.HelpProvider.
func (memberProfileCmd) Help() string {
	return `What is left out stays. The others send where the ledger says from its next block on.

  theriac member profile --endpoint https://new.pharmacy.example`
}

func (m *memberProfileCmd) Run(ctx context.Context, con *console) error {
	c, err := m.client()
	if err != nil {
		return err
	}
	status, err := client.Get[api.Status](ctx, c, "/v1/status", nil)
	if err != nil {
		return err
	}
	me, err := m.member(ctx, status.GLN)
	if err != nil {
		return err
	}
	profile := map[string]string{"name": cmp.Or(m.Name, me.Name), "endpoint": cmp.Or(m.Endpoint, me.Endpoint)}
	if _, err := client.Put[struct{}](ctx, c, "/v1/profile", profile); err != nil {
		return err
	}
	return m.show(con, profile, func() { con.printf("%s is %s at %s\n", me.GLN, profile["name"], profile["endpoint"]) })
}
