package main

import (
	"context"
	"net/url"

	"theriac/api"
	"theriac/client"
	"theriac/internal/organisation"
)

type personCmd struct {
	Invite  personInviteCmd  `cmd:"" help:"Enter a person, or give one another code, to register a passkey."`
	List    personListCmd    `cmd:"" help:"The persons of the organisation."`
	Appoint personAppointCmd `cmd:"" help:"Give a person another role."`
	Dismiss personDismissCmd `cmd:"" help:"Remove a person; sessions end at once."`
}

// desk is how a command about people finds the organisation.
type desk struct {
	server
	Data string `help:"Folder of an organisation that runs here, instead of --server and --token." placeholder:"DIR"`
}

// at returns the server, of the folder if one is given.
func (d *desk) at() (*server, error) {
	if d.Data == "" {
		return &d.server, nil
	}
	settings, err := organisation.LoadSettings(d.Data)
	if err != nil {
		return nil, err
	}
	token, err := organisation.Token(d.Data)
	if err != nil {
		return nil, err
	}
	return &server{Server: settings.Endpoint, Token: string(token), JSON: d.JSON}, nil
}

type personInviteCmd struct {
	desk
	Name   string `help:"The person's name." xor:"who" required:""`
	Role   string `help:"administrator, responsible, clerk or reader." default:"reader"`
	Person string `help:"Id of a person who is there: a code for another device." xor:"who" required:"" placeholder:"ID"`
	Lost   bool   `help:"End the passkeys and sessions of that person now."`
}

// Help implements kong.HelpProvider.
func (personInviteCmd) Help() string {
	return `Prints a link that registers a passkey, once, within 24 hours. Hand it to the person and to
nobody else; it is not shown again.

  theriac person invite --data office --name "Ada Lovelace" --role administrator
  theriac person invite --data office --person ID --lost`
}

func (p *personInviteCmd) Run(ctx context.Context, con *console) error {
	s, err := p.at()
	if err != nil {
		return err
	}
	do := post[api.Invitation](ctx, "/v1/people", "", map[string]string{"name": p.Name, "role": p.Role})
	if p.Person != "" {
		do = post[api.Invitation](ctx, "/v1/people/"+url.PathEscape(p.Person)+"/invitation", "", map[string]bool{"drop": p.Lost})
	}
	return ask(s, con, do, func(i *api.Invitation) {
		con.printf("%s  %s, %s\ncode %s, until %s\n%s\n", i.ID, i.Name, i.Role, i.Code, i.Expires, i.Link)
	})
}

type personListCmd struct{ desk }

func (p *personListCmd) Run(ctx context.Context, con *console) error {
	s, err := p.at()
	if err != nil {
		return err
	}
	return ask(s, con, get[api.People](ctx, "/v1/people", nil), func(people *api.People) {
		for _, x := range people.Items {
			state := "never seen"
			switch {
			case x.LastSeen != "":
				state = "seen " + x.LastSeen
			case x.Invited != "":
				state = "invited until " + x.Invited
			}
			con.printf("%s  %-13s passkeys %d  %-30s %s\n", x.ID, x.Role, x.Passkeys, x.Name, state)
		}
	})
}

type personAppointCmd struct {
	desk
	Person string `arg:"" help:"Id of the person."`
	Role   string `required:"" help:"administrator, responsible, clerk or reader."`
}

func (p *personAppointCmd) Run(ctx context.Context, con *console) error {
	s, err := p.at()
	if err != nil {
		return err
	}
	put := func(c *client.Client) (*api.Person, error) {
		return client.Put[api.Person](ctx, c, "/v1/people/"+url.PathEscape(p.Person), map[string]string{"role": p.Role})
	}
	return ask(s, con, put, func(x *api.Person) { con.printf("%s is %s now\n", x.Name, x.Role) })
}

type personDismissCmd struct {
	desk
	Person string `arg:"" help:"Id of the person."`
}

func (p *personDismissCmd) Run(ctx context.Context, con *console) error {
	s, err := p.at()
	if err != nil {
		return err
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, c, "/v1/people/"+url.PathEscape(p.Person)); err != nil {
		return err
	}
	return s.show(con, map[string]string{"dismissed": p.Person}, func() { con.printf("%s is dismissed\n", p.Person) })
}
