from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestPartnerVisit(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.env["res.partner"].create({"firstname": "Ada", "lastname": "Lovelace"})

    def visit(self, day):
        return self.env["partner.visit"].create({"partner_id": self.partner.id, "visited_on": day})

    def test_greets_by_first_name(self):
        self.assertEqual(self.visit("2026-01-02").greeting, "Dear Ada")

    def test_remembers_the_last_visit(self):
        self.visit("2026-03-01")
        self.visit("2026-02-01")
        self.assertEqual(str(self.partner.last_visited_on), "2026-03-01")

    def test_a_partner_without_visits_was_never_visited(self):
        self.assertFalse(self.partner.last_visited_on)
