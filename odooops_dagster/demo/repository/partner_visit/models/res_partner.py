from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    visit_ids = fields.One2many("partner.visit", "partner_id")
    last_visited_on = fields.Date(compute="_compute_last_visited_on", store=True)

    @api.depends("visit_ids.visited_on")
    def _compute_last_visited_on(self):
        for partner in self:
            partner.last_visited_on = max(partner.visit_ids.mapped("visited_on"), default=False)
