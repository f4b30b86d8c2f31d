// The types of schema ops, for supabase-js. Written by `make export`.
export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[];

export type Database = {
  ops: {
    Tables: {
      approvals: {
        Row: {
          approver_id: string;
          created_at: string;
          decision: Database["ops"]["Enums"]["ops_decision_type"];
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          id: string;
          key_id: string | null;
          occurred_at: string;
          persona_role: string;
          rationale_structured: NonNullable<Json>;
          release_author: string;
          release_id: string;
          signature: Json | null;
          source: string;
        };
        ComputedFields: never;
        Insert: {
          approver_id: string;
          created_at?: string;
          decision: Database["ops"]["Enums"]["ops_decision_type"];
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          id?: string;
          key_id?: string | null;
          occurred_at?: string;
          persona_role: string;
          rationale_structured?: NonNullable<Json>;
          release_author: string;
          release_id: string;
          signature?: Json | null;
          source?: string;
        };
        Update: {
          approver_id?: string;
          created_at?: string;
          decision?: Database["ops"]["Enums"]["ops_decision_type"];
          gate_code?: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id?: string;
          id?: string;
          key_id?: string | null;
          occurred_at?: string;
          persona_role?: string;
          rationale_structured?: NonNullable<Json>;
          release_author?: string;
          release_id?: string;
          signature?: Json | null;
          source?: string;
        };
        Relationships: [
          {
            foreignKeyName: "approvals_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "approvals_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "approvals_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "approvals_key_id_fkey";
            columns: ["key_id"];
            isOneToOne: false;
            referencedRelation: "person_keys";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "approvals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "approvals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "approvals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "approvals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "approvals_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "created_by"];
          },
          {
            foreignKeyName: "approvals_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id", "created_by"];
          },
          {
            foreignKeyName: "approvals_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id", "created_by"];
          },
        ];
      };
      backups: {
        Row: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          attempt?: number | null;
          created_at?: string;
          database_name?: string | null;
          drop_reason?: string | null;
          dropped_at?: string | null;
          environment_id: string;
          error_message?: string | null;
          format_version?: number | null;
          git_sha?: string | null;
          held_at?: string | null;
          held_by?: string | null;
          hold_reason?: string | null;
          id?: string;
          image_digest?: string | null;
          label?: string | null;
          manifest_sha256?: string | null;
          manifest_url?: string | null;
          metadata?: NonNullable<Json>;
          mirror_url?: string | null;
          mirrored_at?: string | null;
          object_count?: number | null;
          odoo_version?: string | null;
          project_id: string;
          requested_by?: string | null;
          run_id?: string | null;
          size_bytes?: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status?: Database["ops"]["Enums"]["backup_status"];
          stored_at?: string | null;
          stored_bytes?: number | null;
          taken_at?: string | null;
          verified_at?: string | null;
        };
        Update: {
          attempt?: number | null;
          created_at?: string;
          database_name?: string | null;
          drop_reason?: string | null;
          dropped_at?: string | null;
          environment_id?: string;
          error_message?: string | null;
          format_version?: number | null;
          git_sha?: string | null;
          held_at?: string | null;
          held_by?: string | null;
          hold_reason?: string | null;
          id?: string;
          image_digest?: string | null;
          label?: string | null;
          manifest_sha256?: string | null;
          manifest_url?: string | null;
          metadata?: NonNullable<Json>;
          mirror_url?: string | null;
          mirrored_at?: string | null;
          object_count?: number | null;
          odoo_version?: string | null;
          project_id?: string;
          requested_by?: string | null;
          run_id?: string | null;
          size_bytes?: number | null;
          stage?: Database["ops"]["Enums"]["environment_stage"];
          status?: Database["ops"]["Enums"]["backup_status"];
          stored_at?: string | null;
          stored_bytes?: number | null;
          taken_at?: string | null;
          verified_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "backups_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "backups_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "backups_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "backups_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "backups_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "backups_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "backups_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "backups_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      branch_heads: {
        Row: {
          branch: string;
          project_id: string;
          seen_at: string;
          sha: string;
        };
        ComputedFields: never;
        Insert: {
          branch: string;
          project_id: string;
          seen_at?: string;
          sha: string;
        };
        Update: {
          branch?: string;
          project_id?: string;
          seen_at?: string;
          sha?: string;
        };
        Relationships: [
          {
            foreignKeyName: "branch_heads_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "branch_heads_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "branch_heads_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      checkpoints: {
        Row: {
          created_at: string;
          event_count: number;
          events_before: string;
          hash: string;
          id: number;
          prev_hash: string;
          root: string;
          run_count: number;
        };
        ComputedFields: never;
        Insert: {
          created_at: string;
          event_count: number;
          events_before: string;
          hash: string;
          id?: never;
          prev_hash: string;
          root: string;
          run_count: number;
        };
        Update: {
          created_at?: string;
          event_count?: number;
          events_before?: string;
          hash?: string;
          id?: never;
          prev_hash?: string;
          root?: string;
          run_count?: number;
        };
        Relationships: [];
      };
      console_invitations: {
        Row: {
          accepted_at: string | null;
          email: string;
          expires_at: string;
          id: string;
          invited_at: string;
          invited_by: string;
          issuer: string | null;
          person: string;
          personas: string[];
          subject: string | null;
          user_id: string | null;
          withdrawn_at: string | null;
          withdrawn_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          accepted_at?: string | null;
          email: string;
          expires_at: string;
          id?: string;
          invited_at?: string;
          invited_by: string;
          issuer?: string | null;
          person: string;
          personas?: string[];
          subject?: string | null;
          user_id?: string | null;
          withdrawn_at?: string | null;
          withdrawn_by?: string | null;
        };
        Update: {
          accepted_at?: string | null;
          email?: string;
          expires_at?: string;
          id?: string;
          invited_at?: string;
          invited_by?: string;
          issuer?: string | null;
          person?: string;
          personas?: string[];
          subject?: string | null;
          user_id?: string | null;
          withdrawn_at?: string | null;
          withdrawn_by?: string | null;
        };
        Relationships: [];
      };
      console_sessions: {
        Row: {
          began_at: string | null;
          created_at: string;
          created_by: string;
          ended_at: string | null;
          ended_by: string | null;
          expires_at: string | null;
          id: string;
          idle_at: string | null;
          invitation_id: string | null;
          last_used_at: string | null;
          link_expires_at: string;
          link_sha256: string;
          person: string;
          persona: string | null;
          personas: string[];
          seen_project_id: string | null;
          seen_user_id: string | null;
          session_sha256: string | null;
          user_id: string | null;
        };
        ComputedFields: never;
        Insert: {
          began_at?: string | null;
          created_at?: string;
          created_by: string;
          ended_at?: string | null;
          ended_by?: string | null;
          expires_at?: string | null;
          id?: string;
          idle_at?: string | null;
          invitation_id?: string | null;
          last_used_at?: string | null;
          link_expires_at: string;
          link_sha256: string;
          person: string;
          persona?: string | null;
          personas?: string[];
          seen_project_id?: string | null;
          seen_user_id?: string | null;
          session_sha256?: string | null;
          user_id?: string | null;
        };
        Update: {
          began_at?: string | null;
          created_at?: string;
          created_by?: string;
          ended_at?: string | null;
          ended_by?: string | null;
          expires_at?: string | null;
          id?: string;
          idle_at?: string | null;
          invitation_id?: string | null;
          last_used_at?: string | null;
          link_expires_at?: string;
          link_sha256?: string;
          person?: string;
          persona?: string | null;
          personas?: string[];
          seen_project_id?: string | null;
          seen_user_id?: string | null;
          session_sha256?: string | null;
          user_id?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "console_sessions_invitation_id_fkey";
            columns: ["invitation_id"];
            isOneToOne: false;
            referencedRelation: "console_invitations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "console_sessions_invitation_id_fkey";
            columns: ["invitation_id"];
            isOneToOne: false;
            referencedRelation: "v_console_invitations";
            referencedColumns: ["invitation_id"];
          },
          {
            foreignKeyName: "console_sessions_seen_project_id_fkey";
            columns: ["seen_project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "console_sessions_seen_project_id_fkey";
            columns: ["seen_project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "console_sessions_seen_project_id_fkey";
            columns: ["seen_project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      control_plane: {
        Row: {
          backed_up_at: string | null;
          confirmed_at: string | null;
          confirmed_by: string | null;
          confirmed_rounds: number | null;
          created_at: string;
          id: string;
          is_only: boolean;
          orphans_found_at: string | null;
          restored_at: string | null;
          restored_from: string | null;
          restored_taken_at: string | null;
          rounds: number;
          unconfirmed_since: string | null;
        };
        ComputedFields: never;
        Insert: {
          backed_up_at?: string | null;
          confirmed_at?: string | null;
          confirmed_by?: string | null;
          confirmed_rounds?: number | null;
          created_at?: string;
          id?: string;
          is_only?: boolean;
          orphans_found_at?: string | null;
          restored_at?: string | null;
          restored_from?: string | null;
          restored_taken_at?: string | null;
          rounds?: number;
          unconfirmed_since?: string | null;
        };
        Update: {
          backed_up_at?: string | null;
          confirmed_at?: string | null;
          confirmed_by?: string | null;
          confirmed_rounds?: number | null;
          created_at?: string;
          id?: string;
          is_only?: boolean;
          orphans_found_at?: string | null;
          restored_at?: string | null;
          restored_from?: string | null;
          restored_taken_at?: string | null;
          rounds?: number;
          unconfirmed_since?: string | null;
        };
        Relationships: [];
      };
      database_templates: {
        Row: {
          built_by_run: string | null;
          created_at: string;
          database_name: string;
          key: string;
          last_used_at: string;
          modules: string[];
          series: string;
          tests: NonNullable<Json>;
        };
        ComputedFields: never;
        Insert: {
          built_by_run?: string | null;
          created_at?: string;
          database_name: string;
          key: string;
          last_used_at?: string;
          modules: string[];
          series: string;
          tests?: NonNullable<Json>;
        };
        Update: {
          built_by_run?: string | null;
          created_at?: string;
          database_name?: string;
          key?: string;
          last_used_at?: string;
          modules?: string[];
          series?: string;
          tests?: NonNullable<Json>;
        };
        Relationships: [
          {
            foreignKeyName: "database_templates_built_by_run_fkey";
            columns: ["built_by_run"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      deployments: {
        Row: {
          backup_id: string | null;
          created_at: string;
          database_name: string | null;
          decision_due_at: string | null;
          environment_id: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id: string;
          idempotency_key: string | null;
          image_digest: string;
          joined_requests: NonNullable<Json>;
          keep_previous_until: string | null;
          kept_at: string | null;
          kept_by: string | null;
          kept_reason: string | null;
          no_backup_reason: string | null;
          phases: NonNullable<Json>;
          previous_database_name: string | null;
          project_id: string;
          reason: string | null;
          release_id: string;
          requested_by: string;
          rollback_of: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          told_at: string | null;
          with_data: boolean;
        };
        ComputedFields: never;
        Insert: {
          backup_id?: string | null;
          created_at?: string;
          database_name?: string | null;
          decision_due_at?: string | null;
          environment_id?: string | null;
          finished_at?: string | null;
          g4_deadline_at?: string | null;
          g4_status?: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id?: string;
          idempotency_key?: string | null;
          image_digest: string;
          joined_requests?: NonNullable<Json>;
          keep_previous_until?: string | null;
          kept_at?: string | null;
          kept_by?: string | null;
          kept_reason?: string | null;
          no_backup_reason?: string | null;
          phases?: NonNullable<Json>;
          previous_database_name?: string | null;
          project_id: string;
          reason?: string | null;
          release_id: string;
          requested_by: string;
          rollback_of?: string | null;
          run_id?: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at?: string | null;
          status?: Database["ops"]["Enums"]["deployment_status"];
          told_at?: string | null;
          with_data?: boolean;
        };
        Update: {
          backup_id?: string | null;
          created_at?: string;
          database_name?: string | null;
          decision_due_at?: string | null;
          environment_id?: string | null;
          finished_at?: string | null;
          g4_deadline_at?: string | null;
          g4_status?: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas?: NonNullable<Json>;
          id?: string;
          idempotency_key?: string | null;
          image_digest?: string;
          joined_requests?: NonNullable<Json>;
          keep_previous_until?: string | null;
          kept_at?: string | null;
          kept_by?: string | null;
          kept_reason?: string | null;
          no_backup_reason?: string | null;
          phases?: NonNullable<Json>;
          previous_database_name?: string | null;
          project_id?: string;
          reason?: string | null;
          release_id?: string;
          requested_by?: string;
          rollback_of?: string | null;
          run_id?: string | null;
          stage?: Database["ops"]["Enums"]["environment_stage"];
          started_at?: string | null;
          status?: Database["ops"]["Enums"]["deployment_status"];
          told_at?: string | null;
          with_data?: boolean;
        };
        Relationships: [
          {
            foreignKeyName: "deployments_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "deployments_release_id_project_id_image_digest_git_shas_fkey";
            columns: ["release_id", "project_id", "image_digest", "git_shas"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "project_id", "image_digest", "git_shas"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "deployments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["deployment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["rolled_back_by", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      egress_attempts: {
        Row: {
          address: unknown;
          attempts: number;
          bytes_in: number;
          bytes_out: number;
          cron: string | null;
          destination: string;
          environment_id: string;
          first_at: string;
          id: number;
          last_at: string;
          minute: string;
          module: string | null;
          outcome: string;
          port: number | null;
          project_id: string;
          protocol: string;
          reason: string | null;
          source: string;
        };
        ComputedFields: never;
        Insert: {
          address?: unknown;
          attempts: number;
          bytes_in?: number;
          bytes_out?: number;
          cron?: string | null;
          destination: string;
          environment_id: string;
          first_at: string;
          id?: never;
          last_at: string;
          minute: string;
          module?: string | null;
          outcome: string;
          port?: number | null;
          project_id: string;
          protocol: string;
          reason?: string | null;
          source: string;
        };
        Update: {
          address?: unknown;
          attempts?: number;
          bytes_in?: number;
          bytes_out?: number;
          cron?: string | null;
          destination?: string;
          environment_id?: string;
          first_at?: string;
          id?: never;
          last_at?: string;
          minute?: string;
          module?: string | null;
          outcome?: string;
          port?: number | null;
          project_id?: string;
          protocol?: string;
          reason?: string | null;
          source?: string;
        };
        Relationships: [
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      environment_events: {
        Row: {
          created_at: string;
          environment: string;
          environment_id: string | null;
          event: string;
          id: number;
          occurred_at: string;
          payload: NonNullable<Json>;
          project_id: string;
          recorded_by: string;
          source: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          environment: string;
          environment_id?: string | null;
          event: string;
          id?: never;
          occurred_at?: string;
          payload?: NonNullable<Json>;
          project_id: string;
          recorded_by: string;
          source: string;
        };
        Update: {
          created_at?: string;
          environment?: string;
          environment_id?: string | null;
          event?: string;
          id?: never;
          occurred_at?: string;
          payload?: NonNullable<Json>;
          project_id?: string;
          recorded_by?: string;
          source?: string;
        };
        Relationships: [
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "environment_events_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environment_events_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "environment_events_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      environments: {
        Row: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          is_pinned: boolean;
          last_used_at: string;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
          wakes_on_request: boolean;
        };
        ComputedFields: never;
        Insert: {
          branch: string;
          created_at?: string;
          database_name?: string | null;
          deployed_run_id?: string | null;
          deployed_sha?: string | null;
          destroyed_at?: string | null;
          expires_at?: string | null;
          generation?: number;
          host_label: string;
          id?: string;
          image_digest?: string | null;
          is_adopted?: boolean;
          is_pinned?: boolean;
          last_used_at?: string;
          name: string;
          partition_key: string;
          port?: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status?: Database["ops"]["Enums"]["environment_status"];
          url?: string | null;
          wakes_on_request?: boolean;
        };
        Update: {
          branch?: string;
          created_at?: string;
          database_name?: string | null;
          deployed_run_id?: string | null;
          deployed_sha?: string | null;
          destroyed_at?: string | null;
          expires_at?: string | null;
          generation?: number;
          host_label?: string;
          id?: string;
          image_digest?: string | null;
          is_adopted?: boolean;
          is_pinned?: boolean;
          last_used_at?: string;
          name?: string;
          partition_key?: string;
          port?: number | null;
          project_id?: string;
          stage?: Database["ops"]["Enums"]["environment_stage"];
          status?: Database["ops"]["Enums"]["environment_status"];
          url?: string | null;
          wakes_on_request?: boolean;
        };
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      event_ingest_log: {
        Row: {
          caller_id: string;
          caller_role: string;
          content_sha256: string | null;
          envelope: Json | null;
          envelope_sha256: string;
          error: string | null;
          event_type: string | null;
          http_status: number;
          id: number;
          idempotency_key: string | null;
          processing_status: Database["ops"]["Enums"]["ops_processing_status"];
          project_id: string | null;
          received_at: string;
          release_id: string | null;
          schema_version: string | null;
          size_bytes: number;
          source: string | null;
        };
        ComputedFields: never;
        Insert: {
          caller_id: string;
          caller_role: string;
          content_sha256?: string | null;
          envelope?: Json | null;
          envelope_sha256: string;
          error?: string | null;
          event_type?: string | null;
          http_status: number;
          id?: never;
          idempotency_key?: string | null;
          processing_status: Database["ops"]["Enums"]["ops_processing_status"];
          project_id?: string | null;
          received_at?: string;
          release_id?: string | null;
          schema_version?: string | null;
          size_bytes: number;
          source?: string | null;
        };
        Update: {
          caller_id?: string;
          caller_role?: string;
          content_sha256?: string | null;
          envelope?: Json | null;
          envelope_sha256?: string;
          error?: string | null;
          event_type?: string | null;
          http_status?: number;
          id?: never;
          idempotency_key?: string | null;
          processing_status?: Database["ops"]["Enums"]["ops_processing_status"];
          project_id?: string | null;
          received_at?: string;
          release_id?: string | null;
          schema_version?: string | null;
          size_bytes?: number;
          source?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "event_ingest_log_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_ingest_log_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_ingest_log_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_ingest_log_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_ingest_log_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "event_ingest_log_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "event_ingest_log_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
        ];
      };
      event_keys: {
        Row: {
          approver_id: string | null;
          created_at: string;
          created_by: string;
          event_types: string[];
          expires_at: string;
          id: string;
          key_sha256: string;
          last_used_at: string | null;
          name: string;
          persona: string | null;
          prefix: string;
          project_id: string | null;
          revoked_at: string | null;
          revoked_by: string | null;
          rotated_from: string | null;
          scopes: string[];
          user_id: string | null;
        };
        ComputedFields: never;
        Insert: {
          approver_id?: string | null;
          created_at?: string;
          created_by: string;
          event_types: string[];
          expires_at: string;
          id?: string;
          key_sha256: string;
          last_used_at?: string | null;
          name: string;
          persona?: string | null;
          prefix: string;
          project_id?: string | null;
          revoked_at?: string | null;
          revoked_by?: string | null;
          rotated_from?: string | null;
          scopes?: string[];
          user_id?: string | null;
        };
        Update: {
          approver_id?: string | null;
          created_at?: string;
          created_by?: string;
          event_types?: string[];
          expires_at?: string;
          id?: string;
          key_sha256?: string;
          last_used_at?: string | null;
          name?: string;
          persona?: string | null;
          prefix?: string;
          project_id?: string | null;
          revoked_at?: string | null;
          revoked_by?: string | null;
          rotated_from?: string | null;
          scopes?: string[];
          user_id?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_keys_rotated_from_fkey";
            columns: ["rotated_from"];
            isOneToOne: false;
            referencedRelation: "event_keys";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_keys_rotated_from_fkey";
            columns: ["rotated_from"];
            isOneToOne: false;
            referencedRelation: "v_event_keys";
            referencedColumns: ["key_id"];
          },
        ];
      };
      evidence_artifacts: {
        Row: {
          check_id: string | null;
          content_type: string;
          created_at: string;
          created_by: string;
          gate_id: string | null;
          id: string;
          kind: string;
          release_id: string | null;
          run_id: string | null;
          s3_url: string;
          sha256: string;
          size_bytes: number;
        };
        ComputedFields: never;
        Insert: {
          check_id?: string | null;
          content_type?: string;
          created_at?: string;
          created_by: string;
          gate_id?: string | null;
          id?: string;
          kind: string;
          release_id?: string | null;
          run_id?: string | null;
          s3_url: string;
          sha256: string;
          size_bytes?: number;
        };
        Update: {
          check_id?: string | null;
          content_type?: string;
          created_at?: string;
          created_by?: string;
          gate_id?: string | null;
          id?: string;
          kind?: string;
          release_id?: string | null;
          run_id?: string | null;
          s3_url?: string;
          sha256?: string;
          size_bytes?: number;
        };
        Relationships: [
          {
            foreignKeyName: "evidence_artifacts_check_id_fkey";
            columns: ["check_id"];
            isOneToOne: false;
            referencedRelation: "gate_checks";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "evidence_artifacts_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "evidence_artifacts_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "evidence_artifacts_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      exceptions: {
        Row: {
          created_at: string;
          expires_at: string;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          granted_at: string | null;
          granted_by: string | null;
          id: string;
          idempotency_key: string | null;
          is_break_glass: boolean;
          reason: string;
          release_author: string;
          release_id: string;
          requested_by: string;
          revoked_at: string | null;
          revoked_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          expires_at: string;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          granted_at?: string | null;
          granted_by?: string | null;
          id?: string;
          idempotency_key?: string | null;
          is_break_glass?: boolean;
          reason: string;
          release_author: string;
          release_id: string;
          requested_by: string;
          revoked_at?: string | null;
          revoked_by?: string | null;
        };
        Update: {
          created_at?: string;
          expires_at?: string;
          gate_code?: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id?: string;
          granted_at?: string | null;
          granted_by?: string | null;
          id?: string;
          idempotency_key?: string | null;
          is_break_glass?: boolean;
          reason?: string;
          release_author?: string;
          release_id?: string;
          requested_by?: string;
          revoked_at?: string | null;
          revoked_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "exceptions_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "created_by"];
          },
          {
            foreignKeyName: "exceptions_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id", "created_by"];
          },
          {
            foreignKeyName: "exceptions_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id", "created_by"];
          },
        ];
      };
      gate_checks: {
        Row: {
          created_at: string;
          deployment_id: string | null;
          gate_id: string;
          id: string;
          metadata: NonNullable<Json>;
          name: string;
          occurred_at: string;
          run_id: string | null;
          source: string;
          status: Database["ops"]["Enums"]["check_status"];
          summary: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          deployment_id?: string | null;
          gate_id: string;
          id?: string;
          metadata?: NonNullable<Json>;
          name: string;
          occurred_at?: string;
          run_id?: string | null;
          source?: string;
          status: Database["ops"]["Enums"]["check_status"];
          summary?: string;
        };
        Update: {
          created_at?: string;
          deployment_id?: string | null;
          gate_id?: string;
          id?: string;
          metadata?: NonNullable<Json>;
          name?: string;
          occurred_at?: string;
          run_id?: string | null;
          source?: string;
          status?: Database["ops"]["Enums"]["check_status"];
          summary?: string;
        };
        Relationships: [
          {
            foreignKeyName: "gate_checks_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "deployments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "gate_checks_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["deployment_id"];
          },
          {
            foreignKeyName: "gate_checks_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["rolled_back_by"];
          },
          {
            foreignKeyName: "gate_checks_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["deployment_id"];
          },
          {
            foreignKeyName: "gate_checks_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "gate_checks_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "gate_checks_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "gate_checks_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "gate_checks_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      image_uses: {
        Row: {
          image_id: string;
          run_id: string;
        };
        ComputedFields: never;
        Insert: {
          image_id: string;
          run_id: string;
        };
        Update: {
          image_id?: string;
          run_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "image_uses_image_id_fkey";
            columns: ["image_id"];
            isOneToOne: false;
            referencedRelation: "images";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "image_uses_image_id_fkey";
            columns: ["image_id"];
            isOneToOne: false;
            referencedRelation: "v_images";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "image_uses_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      images: {
        Row: {
          build_digest: string;
          condemned_at: string | null;
          id: string;
          layers: string[];
          project_id: string;
          pushed_at: string;
          reference: string;
          removed_at: string | null;
          signed_by: string | null;
          tags: string[];
          used_at: string;
        };
        ComputedFields: never;
        Insert: {
          build_digest: string;
          condemned_at?: string | null;
          id?: string;
          layers?: string[];
          project_id: string;
          pushed_at?: string;
          reference: string;
          removed_at?: string | null;
          signed_by?: string | null;
          tags?: string[];
          used_at?: string;
        };
        Update: {
          build_digest?: string;
          condemned_at?: string | null;
          id?: string;
          layers?: string[];
          project_id?: string;
          pushed_at?: string;
          reference?: string;
          removed_at?: string | null;
          signed_by?: string | null;
          tags?: string[];
          used_at?: string;
        };
        Relationships: [
          {
            foreignKeyName: "images_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "images_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "images_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      incidents: {
        Row: {
          deployment_id: string | null;
          description: string;
          exception_id: string | null;
          id: string;
          key: string | null;
          opened_at: string;
          opened_by: string;
          project_id: string | null;
          resolution: string | null;
          resolved_at: string | null;
          resolved_by: string | null;
          severity: Database["ops"]["Enums"]["incident_severity"];
          status: Database["ops"]["Enums"]["incident_status"];
          title: string;
        };
        ComputedFields: never;
        Insert: {
          deployment_id?: string | null;
          description?: string;
          exception_id?: string | null;
          id?: string;
          key?: string | null;
          opened_at?: string;
          opened_by: string;
          project_id?: string | null;
          resolution?: string | null;
          resolved_at?: string | null;
          resolved_by?: string | null;
          severity?: Database["ops"]["Enums"]["incident_severity"];
          status?: Database["ops"]["Enums"]["incident_status"];
          title: string;
        };
        Update: {
          deployment_id?: string | null;
          description?: string;
          exception_id?: string | null;
          id?: string;
          key?: string | null;
          opened_at?: string;
          opened_by?: string;
          project_id?: string | null;
          resolution?: string | null;
          resolved_at?: string | null;
          resolved_by?: string | null;
          severity?: Database["ops"]["Enums"]["incident_severity"];
          status?: Database["ops"]["Enums"]["incident_status"];
          title?: string;
        };
        Relationships: [
          {
            foreignKeyName: "incidents_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "deployments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "incidents_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["deployment_id"];
          },
          {
            foreignKeyName: "incidents_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["rolled_back_by"];
          },
          {
            foreignKeyName: "incidents_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["deployment_id"];
          },
          {
            foreignKeyName: "incidents_exception_id_fkey";
            columns: ["exception_id"];
            isOneToOne: false;
            referencedRelation: "exceptions";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "incidents_exception_id_fkey";
            columns: ["exception_id"];
            isOneToOne: false;
            referencedRelation: "v_exception_status";
            referencedColumns: ["exception_id"];
          },
          {
            foreignKeyName: "incidents_exception_id_fkey";
            columns: ["exception_id"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["exception_id"];
          },
          {
            foreignKeyName: "incidents_exception_id_fkey";
            columns: ["exception_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["exception_id"];
          },
          {
            foreignKeyName: "incidents_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "incidents_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "incidents_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      mails: {
        Row: {
          content: string;
          environment_id: string;
          id: string;
          project_id: string;
          received_at: string;
          recipients: string[];
          sender: string;
          sha256: string;
          size_bytes: number;
          subject: string;
        };
        ComputedFields: never;
        Insert: {
          content: string;
          environment_id: string;
          id?: string;
          project_id: string;
          received_at: string;
          recipients: string[];
          sender: string;
          sha256: string;
          size_bytes: number;
          subject: string;
        };
        Update: {
          content?: string;
          environment_id?: string;
          id?: string;
          project_id?: string;
          received_at?: string;
          recipients?: string[];
          sender?: string;
          sha256?: string;
          size_bytes?: number;
          subject?: string;
        };
        Relationships: [
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "mails_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mails_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "mails_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      notification_rules: {
        Row: {
          channel: string;
          created_at: string;
          created_by: string;
          events: string[];
          fault: string | null;
          git_sha: string | null;
          id: number;
          is_by_platform: boolean;
          is_declared: boolean;
          muted_by: string | null;
          project_id: string | null;
          recipient: string;
          stage: Database["ops"]["Enums"]["environment_stage"] | null;
        };
        ComputedFields: never;
        Insert: {
          channel: string;
          created_at?: string;
          created_by: string;
          events: string[];
          fault?: string | null;
          git_sha?: string | null;
          id?: never;
          is_by_platform?: boolean;
          is_declared?: boolean;
          muted_by?: string | null;
          project_id?: string | null;
          recipient: string;
          stage?: Database["ops"]["Enums"]["environment_stage"] | null;
        };
        Update: {
          channel?: string;
          created_at?: string;
          created_by?: string;
          events?: string[];
          fault?: string | null;
          git_sha?: string | null;
          id?: never;
          is_by_platform?: boolean;
          is_declared?: boolean;
          muted_by?: string | null;
          project_id?: string | null;
          recipient?: string;
          stage?: Database["ops"]["Enums"]["environment_stage"] | null;
        };
        Relationships: [
          {
            foreignKeyName: "notification_rules_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "notification_rules_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "notification_rules_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      orphan_decisions: {
        Row: {
          decided_at: string;
          decided_by: string;
          decision: Database["ops"]["Enums"]["orphan_decision"];
          id: number;
          kind: Database["ops"]["Enums"]["orphan_kind"];
          name: string;
          reason: string;
        };
        ComputedFields: never;
        Insert: {
          decided_at?: string;
          decided_by: string;
          decision: Database["ops"]["Enums"]["orphan_decision"];
          id?: never;
          kind: Database["ops"]["Enums"]["orphan_kind"];
          name: string;
          reason: string;
        };
        Update: {
          decided_at?: string;
          decided_by?: string;
          decision?: Database["ops"]["Enums"]["orphan_decision"];
          id?: never;
          kind?: Database["ops"]["Enums"]["orphan_kind"];
          name?: string;
          reason?: string;
        };
        Relationships: [];
      };
      orphans: {
        Row: {
          answer: string;
          control_plane: string | null;
          decided_at: string | null;
          decided_by: string | null;
          decision: Database["ops"]["Enums"]["orphan_decision"] | null;
          found_at: string;
          installation: string | null;
          is_foreign: boolean;
          kind: Database["ops"]["Enums"]["orphan_kind"];
          made_at: string | null;
          name: string;
          reason: string;
          refusal: string | null;
          run_id: string | null;
        };
        ComputedFields: never;
        Insert: {
          answer: string;
          control_plane?: string | null;
          decided_at?: string | null;
          decided_by?: string | null;
          decision?: Database["ops"]["Enums"]["orphan_decision"] | null;
          found_at: string;
          installation?: string | null;
          is_foreign: boolean;
          kind: Database["ops"]["Enums"]["orphan_kind"];
          made_at?: string | null;
          name: string;
          reason: string;
          refusal?: string | null;
          run_id?: string | null;
        };
        Update: {
          answer?: string;
          control_plane?: string | null;
          decided_at?: string | null;
          decided_by?: string | null;
          decision?: Database["ops"]["Enums"]["orphan_decision"] | null;
          found_at?: string;
          installation?: string | null;
          is_foreign?: boolean;
          kind?: Database["ops"]["Enums"]["orphan_kind"];
          made_at?: string | null;
          name?: string;
          reason?: string;
          refusal?: string | null;
          run_id?: string | null;
        };
        Relationships: [];
      };
      outbox: {
        Row: {
          attempts: number;
          cause: string;
          channel: string;
          claimed_by: string | null;
          created_at: string;
          ended_at: string | null;
          id: number;
          is_by_platform: boolean;
          kind: string;
          last_error: string | null;
          lease_expires_at: string | null;
          next_at: string;
          payload: NonNullable<Json>;
          project_id: string | null;
          recipient: string;
          state: string;
          status: Database["ops"]["Enums"]["message_status"];
          subject: string;
          tries: number;
        };
        ComputedFields: never;
        Insert: {
          attempts?: number;
          cause: string;
          channel: string;
          claimed_by?: string | null;
          created_at?: string;
          ended_at?: string | null;
          id?: never;
          is_by_platform?: boolean;
          kind: string;
          last_error?: string | null;
          lease_expires_at?: string | null;
          next_at?: string;
          payload: NonNullable<Json>;
          project_id?: string | null;
          recipient: string;
          state: string;
          status?: Database["ops"]["Enums"]["message_status"];
          subject: string;
          tries?: number;
        };
        Update: {
          attempts?: number;
          cause?: string;
          channel?: string;
          claimed_by?: string | null;
          created_at?: string;
          ended_at?: string | null;
          id?: never;
          is_by_platform?: boolean;
          kind?: string;
          last_error?: string | null;
          lease_expires_at?: string | null;
          next_at?: string;
          payload?: NonNullable<Json>;
          project_id?: string | null;
          recipient?: string;
          state?: string;
          status?: Database["ops"]["Enums"]["message_status"];
          subject?: string;
          tries?: number;
        };
        Relationships: [
          {
            foreignKeyName: "outbox_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "outbox_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "outbox_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      people: {
        Row: {
          created_at: string;
          created_by: string;
          id: string;
          name: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          created_by: string;
          id?: string;
          name: string;
        };
        Update: {
          created_at?: string;
          created_by?: string;
          id?: string;
          name?: string;
        };
        Relationships: [];
      };
      person_aliases: {
        Row: {
          alias: string;
          created_at: string;
          created_by: string;
          kind: Database["ops"]["Enums"]["alias_kind"];
          person_id: string;
          spelling: string;
        };
        ComputedFields: never;
        Insert: {
          alias: string;
          created_at?: string;
          created_by: string;
          kind: Database["ops"]["Enums"]["alias_kind"];
          person_id: string;
          spelling: string;
        };
        Update: {
          alias?: string;
          created_at?: string;
          created_by?: string;
          kind?: Database["ops"]["Enums"]["alias_kind"];
          person_id?: string;
          spelling?: string;
        };
        Relationships: [
          {
            foreignKeyName: "person_aliases_person_id_fkey";
            columns: ["person_id"];
            isOneToOne: false;
            referencedRelation: "people";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "person_aliases_person_id_fkey";
            columns: ["person_id"];
            isOneToOne: false;
            referencedRelation: "v_people";
            referencedColumns: ["person_id"];
          },
        ];
      };
      person_keys: {
        Row: {
          created_at: string;
          created_by: string;
          id: string;
          key_id: string;
          person_id: string;
          public_key: string;
          revoked_at: string | null;
          revoked_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          created_by: string;
          id?: string;
          key_id: string;
          person_id: string;
          public_key: string;
          revoked_at?: string | null;
          revoked_by?: string | null;
        };
        Update: {
          created_at?: string;
          created_by?: string;
          id?: string;
          key_id?: string;
          person_id?: string;
          public_key?: string;
          revoked_at?: string | null;
          revoked_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "person_keys_person_id_fkey";
            columns: ["person_id"];
            isOneToOne: false;
            referencedRelation: "people";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "person_keys_person_id_fkey";
            columns: ["person_id"];
            isOneToOne: false;
            referencedRelation: "v_people";
            referencedColumns: ["person_id"];
          },
        ];
      };
      policies: {
        Row: {
          created_at: string;
          id: string;
          opened: NonNullable<Json>;
          policy_type: Database["ops"]["Enums"]["policy_type"];
          project_id: string | null;
          rules: NonNullable<Json>;
          updated_at: string;
          updated_by: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          id?: string;
          opened?: NonNullable<Json>;
          policy_type: Database["ops"]["Enums"]["policy_type"];
          project_id?: string | null;
          rules: NonNullable<Json>;
          updated_at?: string;
          updated_by: string;
        };
        Update: {
          created_at?: string;
          id?: string;
          opened?: NonNullable<Json>;
          policy_type?: Database["ops"]["Enums"]["policy_type"];
          project_id?: string | null;
          rules?: NonNullable<Json>;
          updated_at?: string;
          updated_by?: string;
        };
        Relationships: [
          {
            foreignKeyName: "policies_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "policies_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "policies_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_counters: {
        Row: {
          last_run_number: number;
          project_id: string;
          retention_planned_at: string | null;
          retention_swept_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          last_run_number?: number;
          project_id: string;
          retention_planned_at?: string | null;
          retention_swept_at?: string | null;
        };
        Update: {
          last_run_number?: number;
          project_id?: string;
          retention_planned_at?: string | null;
          retention_swept_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "project_counters_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_counters_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "project_counters_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_forges: {
        Row: {
          api_url: string;
          forge: string;
          project_id: string;
          repository: string;
          set_at: string;
          set_by: string;
          uses_app: boolean;
        };
        ComputedFields: never;
        Insert: {
          api_url: string;
          forge: string;
          project_id: string;
          repository: string;
          set_at?: string;
          set_by: string;
          uses_app?: boolean;
        };
        Update: {
          api_url?: string;
          forge?: string;
          project_id?: string;
          repository?: string;
          set_at?: string;
          set_by?: string;
          uses_app?: boolean;
        };
        Relationships: [
          {
            foreignKeyName: "project_forges_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_forges_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "project_forges_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_memberships: {
        Row: {
          created_at: string;
          project_id: string;
          role: Database["ops"]["Enums"]["membership_role"];
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          project_id: string;
          role: Database["ops"]["Enums"]["membership_role"];
          user_id: string;
        };
        Update: {
          created_at?: string;
          project_id?: string;
          role?: Database["ops"]["Enums"]["membership_role"];
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_setting_changes: {
        Row: {
          changed_at: string;
          changed_by: string;
          id: number;
          key: string;
          new_value: Json | null;
          old_value: Json | null;
          project_id: string;
        };
        ComputedFields: never;
        Insert: {
          changed_at?: string;
          changed_by: string;
          id?: never;
          key: string;
          new_value?: Json | null;
          old_value?: Json | null;
          project_id: string;
        };
        Update: {
          changed_at?: string;
          changed_by?: string;
          id?: never;
          key?: string;
          new_value?: Json | null;
          old_value?: Json | null;
          project_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "project_setting_changes_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_setting_changes_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "project_setting_changes_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_settings: {
        Row: {
          key: string;
          project_id: string;
          set_at: string;
          set_by: string;
          value: NonNullable<Json>;
        };
        ComputedFields: never;
        Insert: {
          key: string;
          project_id: string;
          set_at?: string;
          set_by: string;
          value: NonNullable<Json>;
        };
        Update: {
          key?: string;
          project_id?: string;
          set_at?: string;
          set_by?: string;
          value?: NonNullable<Json>;
        };
        Relationships: [
          {
            foreignKeyName: "project_settings_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_settings_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "project_settings_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      projects: {
        Row: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          config?: NonNullable<Json>;
          created_at?: string;
          default_branch?: string;
          heads_asked_at?: string | null;
          id?: string;
          last_polled_at?: string | null;
          notified_at?: string | null;
          odoo_version: string;
          own_webhook_at?: string | null;
          poll_enabled?: boolean;
          poll_error?: string | null;
          poll_failed_at?: string | null;
          repo_url: string;
          slug: string;
          status?: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        };
        Update: {
          archived_at?: string | null;
          config?: NonNullable<Json>;
          created_at?: string;
          default_branch?: string;
          heads_asked_at?: string | null;
          id?: string;
          last_polled_at?: string | null;
          notified_at?: string | null;
          odoo_version?: string;
          own_webhook_at?: string | null;
          poll_enabled?: boolean;
          poll_error?: string | null;
          poll_failed_at?: string | null;
          repo_url?: string;
          slug?: string;
          status?: Database["ops"]["Enums"]["project_status"];
          workspace_key?: string;
        };
        Relationships: [];
      };
      pull_comments: {
        Row: {
          api_url: string;
          branch: string;
          comment_id: number;
          project_id: string;
          pull_number: number;
          repository: string;
          written_at: string;
        };
        ComputedFields: never;
        Insert: {
          api_url: string;
          branch: string;
          comment_id: number;
          project_id: string;
          pull_number: number;
          repository: string;
          written_at?: string;
        };
        Update: {
          api_url?: string;
          branch?: string;
          comment_id?: number;
          project_id?: string;
          pull_number?: number;
          repository?: string;
          written_at?: string;
        };
        Relationships: [
          {
            foreignKeyName: "pull_comments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "pull_comments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "pull_comments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      push_deliveries: {
        Row: {
          body_sha256: string | null;
          delivery_id: string;
          error: string | null;
          event: string;
          id: number;
          is_forced: boolean;
          outcome: string | null;
          payload: NonNullable<Json>;
          previous_sha: string | null;
          processed_at: string | null;
          project_id: string | null;
          pusher: string | null;
          received_at: string;
          ref: string | null;
          repo_url: string;
          sha: string | null;
        };
        ComputedFields: never;
        Insert: {
          body_sha256?: string | null;
          delivery_id: string;
          error?: string | null;
          event: string;
          id?: never;
          is_forced?: boolean;
          outcome?: string | null;
          payload?: NonNullable<Json>;
          previous_sha?: string | null;
          processed_at?: string | null;
          project_id?: string | null;
          pusher?: string | null;
          received_at?: string;
          ref?: string | null;
          repo_url: string;
          sha?: string | null;
        };
        Update: {
          body_sha256?: string | null;
          delivery_id?: string;
          error?: string | null;
          event?: string;
          id?: never;
          is_forced?: boolean;
          outcome?: string | null;
          payload?: NonNullable<Json>;
          previous_sha?: string | null;
          processed_at?: string | null;
          project_id?: string | null;
          pusher?: string | null;
          received_at?: string;
          ref?: string | null;
          repo_url?: string;
          sha?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "push_deliveries_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "push_deliveries_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "push_deliveries_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      recovery_drills: {
        Row: {
          backup_id: string;
          evidence_id: string | null;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          project_id: string;
          report: NonNullable<Json>;
          restore_id: string | null;
          rpo_seconds: number | null;
          rto_seconds: number | null;
          run_id: string | null;
          started_at: string;
          summary: string;
        };
        ComputedFields: never;
        Insert: {
          backup_id: string;
          evidence_id?: string | null;
          finished_at?: string | null;
          id?: string;
          passed?: boolean | null;
          project_id: string;
          report?: NonNullable<Json>;
          restore_id?: string | null;
          rpo_seconds?: number | null;
          rto_seconds?: number | null;
          run_id?: string | null;
          started_at?: string;
          summary?: string;
        };
        Update: {
          backup_id?: string;
          evidence_id?: string | null;
          finished_at?: string | null;
          id?: string;
          passed?: boolean | null;
          project_id?: string;
          report?: NonNullable<Json>;
          restore_id?: string | null;
          rpo_seconds?: number | null;
          rto_seconds?: number | null;
          run_id?: string | null;
          started_at?: string;
          summary?: string;
        };
        Relationships: [
          {
            foreignKeyName: "recovery_drills_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "recovery_drills_evidence_id_fkey";
            columns: ["evidence_id"];
            isOneToOne: false;
            referencedRelation: "evidence_artifacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "recovery_drills_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "recovery_drills_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "recovery_drills_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "recovery_drills_restore_id_fkey";
            columns: ["restore_id"];
            isOneToOne: false;
            referencedRelation: "restores";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "recovery_drills_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      rehearsals: {
        Row: {
          backup_id: string | null;
          environment_id: string;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          phases: NonNullable<Json>;
          project_id: string;
          release_id: string;
          run_id: string;
          shown_digest: string;
          started_at: string;
          summary: string;
        };
        ComputedFields: never;
        Insert: {
          backup_id?: string | null;
          environment_id: string;
          finished_at?: string | null;
          id?: string;
          passed?: boolean | null;
          phases?: NonNullable<Json>;
          project_id: string;
          release_id: string;
          run_id: string;
          shown_digest: string;
          started_at?: string;
          summary?: string;
        };
        Update: {
          backup_id?: string | null;
          environment_id?: string;
          finished_at?: string | null;
          id?: string;
          passed?: boolean | null;
          phases?: NonNullable<Json>;
          project_id?: string;
          release_id?: string;
          run_id?: string;
          shown_digest?: string;
          started_at?: string;
          summary?: string;
        };
        Relationships: [
          {
            foreignKeyName: "rehearsals_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "rehearsals_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "rehearsals_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "rehearsals_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "rehearsals_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "rehearsals_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "rehearsals_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "rehearsals_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "rehearsals_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "rehearsals_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "rehearsals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "rehearsals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "rehearsals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "rehearsals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "rehearsals_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      release_gates: {
        Row: {
          created_at: string;
          deadline_at: string | null;
          evaluated_at: string | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          id: string;
          is_distinct: boolean;
          is_required: boolean;
          merit: Database["ops"]["Enums"]["ops_gate_status"];
          quorum: number;
          reason: string | null;
          release_id: string;
          required_checks: string[];
          status: Database["ops"]["Enums"]["ops_gate_status"];
          window_seconds: number;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          deadline_at?: string | null;
          evaluated_at?: string | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          id?: string;
          is_distinct?: boolean;
          is_required?: boolean;
          merit?: Database["ops"]["Enums"]["ops_gate_status"];
          quorum?: number;
          reason?: string | null;
          release_id: string;
          required_checks?: string[];
          status?: Database["ops"]["Enums"]["ops_gate_status"];
          window_seconds?: number;
        };
        Update: {
          created_at?: string;
          deadline_at?: string | null;
          evaluated_at?: string | null;
          gate_code?: Database["ops"]["Enums"]["ops_gate_code"];
          id?: string;
          is_distinct?: boolean;
          is_required?: boolean;
          merit?: Database["ops"]["Enums"]["ops_gate_status"];
          quorum?: number;
          reason?: string | null;
          release_id?: string;
          required_checks?: string[];
          status?: Database["ops"]["Enums"]["ops_gate_status"];
          window_seconds?: number;
        };
        Relationships: [
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
        ];
      };
      releases: {
        Row: {
          created_at: string;
          created_by: string;
          git_ref: string | null;
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          lock_digest: string | null;
          notes: string | null;
          prepared_at: string | null;
          prepared_by: string | null;
          prepared_digest: string | null;
          project_id: string;
          run_id: string | null;
          status: Database["ops"]["Enums"]["ops_release_status"];
          version: string;
          withdrawn_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          created_by: string;
          git_ref?: string | null;
          git_shas: NonNullable<Json>;
          id?: string;
          image_digest: string;
          lock_digest?: string | null;
          notes?: string | null;
          prepared_at?: string | null;
          prepared_by?: string | null;
          prepared_digest?: string | null;
          project_id: string;
          run_id?: string | null;
          status?: Database["ops"]["Enums"]["ops_release_status"];
          version: string;
          withdrawn_at?: string | null;
        };
        Update: {
          created_at?: string;
          created_by?: string;
          git_ref?: string | null;
          git_shas?: NonNullable<Json>;
          id?: string;
          image_digest?: string;
          lock_digest?: string | null;
          notes?: string | null;
          prepared_at?: string | null;
          prepared_by?: string | null;
          prepared_digest?: string | null;
          project_id?: string;
          run_id?: string | null;
          status?: Database["ops"]["Enums"]["ops_release_status"];
          version?: string;
          withdrawn_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      repository_rules: {
        Row: {
          git_sha: string;
          project_id: string;
          recorded_at: string;
          rules: NonNullable<Json>;
          run_id: string;
        };
        ComputedFields: never;
        Insert: {
          git_sha: string;
          project_id: string;
          recorded_at?: string;
          rules: NonNullable<Json>;
          run_id: string;
        };
        Update: {
          git_sha?: string;
          project_id?: string;
          recorded_at?: string;
          rules?: NonNullable<Json>;
          run_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "repository_rules_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "repository_rules_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "runs";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["working_run_id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["working_run_id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_run_concerns";
            referencedColumns: ["run_id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_run_details";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_run_queue";
            referencedColumns: ["run_id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_runs";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_startable_runs";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["last_run_id"];
          },
        ];
      };
      restores: {
        Row: {
          attempt: number | null;
          backup_id: string;
          created_at: string;
          database_name: string | null;
          environment_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          keep_previous_until: string | null;
          masking_profile: string | null;
          previous_database_name: string | null;
          project_id: string;
          purpose: Database["ops"]["Enums"]["restore_purpose"];
          report: NonNullable<Json>;
          requested_by: string | null;
          run_id: string | null;
          started_at: string | null;
          status: Database["ops"]["Enums"]["restore_status"];
        };
        ComputedFields: never;
        Insert: {
          attempt?: number | null;
          backup_id: string;
          created_at?: string;
          database_name?: string | null;
          environment_id?: string | null;
          error_message?: string | null;
          finished_at?: string | null;
          id?: string;
          keep_previous_until?: string | null;
          masking_profile?: string | null;
          previous_database_name?: string | null;
          project_id: string;
          purpose?: Database["ops"]["Enums"]["restore_purpose"];
          report?: NonNullable<Json>;
          requested_by?: string | null;
          run_id?: string | null;
          started_at?: string | null;
          status?: Database["ops"]["Enums"]["restore_status"];
        };
        Update: {
          attempt?: number | null;
          backup_id?: string;
          created_at?: string;
          database_name?: string | null;
          environment_id?: string | null;
          error_message?: string | null;
          finished_at?: string | null;
          id?: string;
          keep_previous_until?: string | null;
          masking_profile?: string | null;
          previous_database_name?: string | null;
          project_id?: string;
          purpose?: Database["ops"]["Enums"]["restore_purpose"];
          report?: NonNullable<Json>;
          requested_by?: string | null;
          run_id?: string | null;
          started_at?: string | null;
          status?: Database["ops"]["Enums"]["restore_status"];
        };
        Relationships: [
          {
            foreignKeyName: "restores_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "restores_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "restores_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "restores_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "restores_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      roles: {
        Row: {
          description: string;
          permissions: string[];
          role: string;
        };
        ComputedFields: never;
        Insert: {
          description: string;
          permissions: string[];
          role: string;
        };
        Update: {
          description?: string;
          permissions?: string[];
          role?: string;
        };
        Relationships: [];
      };
      run_artifacts: {
        Row: {
          artifact_key: string;
          attempt: number;
          condemned_at: string | null;
          content_type: string;
          created_at: string;
          expires_at: string | null;
          id: string;
          run_id: string;
          s3_url: string;
          sha256: string;
          size_bytes: number;
        };
        ComputedFields: never;
        Insert: {
          artifact_key: string;
          attempt: number;
          condemned_at?: string | null;
          content_type?: string;
          created_at?: string;
          expires_at?: string | null;
          id?: string;
          run_id: string;
          s3_url: string;
          sha256: string;
          size_bytes: number;
        };
        Update: {
          artifact_key?: string;
          attempt?: number;
          condemned_at?: string | null;
          content_type?: string;
          created_at?: string;
          expires_at?: string | null;
          id?: string;
          run_id?: string;
          s3_url?: string;
          sha256?: string;
          size_bytes?: number;
        };
        Relationships: [
          {
            foreignKeyName: "run_artifacts_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      run_checkpoints: {
        Row: {
          checkpoint_id: number;
          event_count: number;
          hash: string;
          last_hash: string;
          last_seq: number;
          prev_hash: string;
          run_id: string;
        };
        ComputedFields: never;
        Insert: {
          checkpoint_id: number;
          event_count: number;
          hash: string;
          last_hash: string;
          last_seq: number;
          prev_hash: string;
          run_id: string;
        };
        Update: {
          checkpoint_id?: number;
          event_count?: number;
          hash?: string;
          last_hash?: string;
          last_seq?: number;
          prev_hash?: string;
          run_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "run_checkpoints_checkpoint_id_fkey";
            columns: ["checkpoint_id"];
            isOneToOne: false;
            referencedRelation: "checkpoints";
            referencedColumns: ["id"];
          },
        ];
      };
      run_checks: {
        Row: {
          attempt: number;
          blocking: boolean;
          created_at: string;
          id: string;
          metadata: NonNullable<Json>;
          name: string;
          passed: boolean;
          run_id: string;
          summary: string;
        };
        ComputedFields: never;
        Insert: {
          attempt: number;
          blocking?: boolean;
          created_at?: string;
          id?: string;
          metadata?: NonNullable<Json>;
          name: string;
          passed: boolean;
          run_id: string;
          summary: string;
        };
        Update: {
          attempt?: number;
          blocking?: boolean;
          created_at?: string;
          id?: string;
          metadata?: NonNullable<Json>;
          name?: string;
          passed?: boolean;
          run_id?: string;
          summary?: string;
        };
        Relationships: [
          {
            foreignKeyName: "run_checks_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      run_events: {
        Row: {
          attempt: number;
          created_at: string;
          event_type: Database["ops"]["Enums"]["event_type"];
          hash: string;
          id: number;
          message: string;
          payload: NonNullable<Json>;
          prev_hash: string;
          run_id: string;
          seq: number;
        };
        ComputedFields: never;
        Insert: {
          attempt: number;
          created_at: string;
          event_type: Database["ops"]["Enums"]["event_type"];
          hash: string;
          id?: never;
          message: string;
          payload?: NonNullable<Json>;
          prev_hash: string;
          run_id: string;
          seq: number;
        };
        Update: {
          attempt?: number;
          created_at?: string;
          event_type?: Database["ops"]["Enums"]["event_type"];
          hash?: string;
          id?: never;
          message?: string;
          payload?: NonNullable<Json>;
          prev_hash?: string;
          run_id?: string;
          seq?: number;
        };
        Relationships: [];
      };
      run_lineage: {
        Row: {
          asset_key: string;
          attempt: number;
          code_version: string | null;
          created_at: string;
          data_version: string | null;
          id: number;
          inputs: NonNullable<Json>;
          partition_key: string | null;
          run_id: string;
        };
        ComputedFields: never;
        Insert: {
          asset_key: string;
          attempt: number;
          code_version?: string | null;
          created_at?: string;
          data_version?: string | null;
          id?: never;
          inputs?: NonNullable<Json>;
          partition_key?: string | null;
          run_id: string;
        };
        Update: {
          asset_key?: string;
          attempt?: number;
          code_version?: string | null;
          created_at?: string;
          data_version?: string | null;
          id?: never;
          inputs?: NonNullable<Json>;
          partition_key?: string | null;
          run_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "run_lineage_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      run_logs: {
        Row: {
          attempt: number;
          id: number;
          level: Database["ops"]["Enums"]["log_level"];
          message: string;
          metadata: NonNullable<Json>;
          run_id: string;
          timestamp: string;
        };
        ComputedFields: never;
        Insert: {
          attempt: number;
          id?: never;
          level: Database["ops"]["Enums"]["log_level"];
          message: string;
          metadata?: NonNullable<Json>;
          run_id: string;
          timestamp?: string;
        };
        Update: {
          attempt?: number;
          id?: never;
          level?: Database["ops"]["Enums"]["log_level"];
          message?: string;
          metadata?: NonNullable<Json>;
          run_id?: string;
          timestamp?: string;
        };
        Relationships: [
          {
            foreignKeyName: "run_logs_run_id_fkey1";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      run_requests: {
        Row: {
          body_hash: string;
          config: NonNullable<Json>;
          environment_id: string | null;
          idempotency_key: string | null;
          project_id: string;
          requested_by: string | null;
          retry_of: string | null;
          run_id: string;
          run_number: number;
          workflow_id: string | null;
        };
        ComputedFields: never;
        Insert: {
          body_hash: string;
          config?: NonNullable<Json>;
          environment_id?: string | null;
          idempotency_key?: string | null;
          project_id: string;
          requested_by?: string | null;
          retry_of?: string | null;
          run_id: string;
          run_number: number;
          workflow_id?: string | null;
        };
        Update: {
          body_hash?: string;
          config?: NonNullable<Json>;
          environment_id?: string | null;
          idempotency_key?: string | null;
          project_id?: string;
          requested_by?: string | null;
          retry_of?: string | null;
          run_id?: string;
          run_number?: number;
          workflow_id?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "run_requests_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "run_requests_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "run_requests_retry_of_fkey";
            columns: ["retry_of"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
          {
            foreignKeyName: "run_requests_workflow_id_fkey";
            columns: ["workflow_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["workflow_id"];
          },
          {
            foreignKeyName: "run_requests_workflow_id_fkey";
            columns: ["workflow_id"];
            isOneToOne: false;
            referencedRelation: "workflows";
            referencedColumns: ["id"];
          },
        ];
      };
      runs: {
        Row: {
          attempt: number;
          cancel_requested_at: string | null;
          claimed_at: string | null;
          claimed_by: string | null;
          created_at: string;
          dagster_run_id: string | null;
          environment_id: string | null;
          error_message: string | null;
          event_count: number;
          event_hash: string;
          exit_code: number | null;
          fault: string | null;
          finished_at: string | null;
          git_ref: string | null;
          git_sha: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at: string | null;
          max_attempts: number;
          moves_data: boolean;
          not_before: string | null;
          priority: number;
          project_id: string;
          run_number: number;
          started_at: string | null;
          starts: number;
          status: Database["ops"]["Enums"]["run_status"];
          trigger: string;
          turn: number;
        };
        ComputedFields: never;
        Insert: {
          attempt?: number;
          cancel_requested_at?: string | null;
          claimed_at?: string | null;
          claimed_by?: string | null;
          created_at: string;
          dagster_run_id?: string | null;
          environment_id?: string | null;
          error_message?: string | null;
          event_count?: number;
          event_hash?: string;
          exit_code?: number | null;
          fault?: string | null;
          finished_at?: string | null;
          git_ref?: string | null;
          git_sha?: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at?: string | null;
          max_attempts?: number;
          moves_data?: boolean;
          not_before?: string | null;
          priority?: number;
          project_id: string;
          run_number: number;
          started_at?: string | null;
          starts?: number;
          status?: Database["ops"]["Enums"]["run_status"];
          trigger: string;
          turn?: number;
        };
        Update: {
          attempt?: number;
          cancel_requested_at?: string | null;
          claimed_at?: string | null;
          claimed_by?: string | null;
          created_at?: string;
          dagster_run_id?: string | null;
          environment_id?: string | null;
          error_message?: string | null;
          event_count?: number;
          event_hash?: string;
          exit_code?: number | null;
          fault?: string | null;
          finished_at?: string | null;
          git_ref?: string | null;
          git_sha?: string | null;
          id?: string;
          kind?: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at?: string | null;
          max_attempts?: number;
          moves_data?: boolean;
          not_before?: string | null;
          priority?: number;
          project_id?: string;
          run_number?: number;
          started_at?: string | null;
          starts?: number;
          status?: Database["ops"]["Enums"]["run_status"];
          trigger?: string;
          turn?: number;
        };
        Relationships: [
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      sealed_values: {
        Row: {
          id: string;
          public_key: string;
          sealed: string;
          sealed_at: string;
        };
        ComputedFields: never;
        Insert: {
          id?: string;
          public_key: string;
          sealed: string;
          sealed_at?: string;
        };
        Update: {
          id?: string;
          public_key?: string;
          sealed?: string;
          sealed_at?: string;
        };
        Relationships: [
          {
            foreignKeyName: "sealed_values_public_key_fkey";
            columns: ["public_key"];
            isOneToOne: false;
            referencedRelation: "sealing_keys";
            referencedColumns: ["public_key"];
          },
        ];
      };
      sealing_keys: {
        Row: {
          public_key: string;
          recorded_at: string;
        };
        ComputedFields: never;
        Insert: {
          public_key: string;
          recorded_at?: string;
        };
        Update: {
          public_key?: string;
          recorded_at?: string;
        };
        Relationships: [];
      };
      tool_changes: {
        Row: {
          changed_at: string;
          changed_by: string;
          id: number;
          new_value: Json | null;
          old_value: Json | null;
          tool: string;
        };
        ComputedFields: never;
        Insert: {
          changed_at?: string;
          changed_by: string;
          id?: never;
          new_value?: Json | null;
          old_value?: Json | null;
          tool: string;
        };
        Update: {
          changed_at?: string;
          changed_by?: string;
          id?: never;
          new_value?: Json | null;
          old_value?: Json | null;
          tool?: string;
        };
        Relationships: [];
      };
      tools: {
        Row: {
          config: NonNullable<Json>;
          created_at: string;
          digest: string | null;
          docker_image: string | null;
          id: string;
          name: string;
          set_at: string;
          set_by: string | null;
          version: string;
        };
        ComputedFields: never;
        Insert: {
          config?: NonNullable<Json>;
          created_at?: string;
          digest?: string | null;
          docker_image?: string | null;
          id?: string;
          name: string;
          set_at?: string;
          set_by?: string | null;
          version: string;
        };
        Update: {
          config?: NonNullable<Json>;
          created_at?: string;
          digest?: string | null;
          docker_image?: string | null;
          id?: string;
          name?: string;
          set_at?: string;
          set_by?: string | null;
          version?: string;
        };
        Relationships: [];
      };
      upgrade_advisories: {
        Row: {
          breaking_changes: NonNullable<Json>;
          created_at: string;
          from_version: string;
          id: string;
          migration_guides: NonNullable<Json>;
          severity: Database["ops"]["Enums"]["advisory_severity"];
          to_version: string;
        };
        ComputedFields: never;
        Insert: {
          breaking_changes?: NonNullable<Json>;
          created_at?: string;
          from_version: string;
          id?: string;
          migration_guides?: NonNullable<Json>;
          severity?: Database["ops"]["Enums"]["advisory_severity"];
          to_version: string;
        };
        Update: {
          breaking_changes?: NonNullable<Json>;
          created_at?: string;
          from_version?: string;
          id?: string;
          migration_guides?: NonNullable<Json>;
          severity?: Database["ops"]["Enums"]["advisory_severity"];
          to_version?: string;
        };
        Relationships: [];
      };
      upgrade_advisory_items: {
        Row: {
          guide: string | null;
          id: number;
          kind: Database["ops"]["Enums"]["advisory_kind"];
          module: string;
          origin: string | null;
          replacement: string | null;
          severity: Database["ops"]["Enums"]["advisory_severity"];
          source_id: string;
          subject: string;
          summary: string;
        };
        ComputedFields: never;
        Insert: {
          guide?: string | null;
          id?: never;
          kind: Database["ops"]["Enums"]["advisory_kind"];
          module: string;
          origin?: string | null;
          replacement?: string | null;
          severity: Database["ops"]["Enums"]["advisory_severity"];
          source_id: string;
          subject: string;
          summary: string;
        };
        Update: {
          guide?: string | null;
          id?: never;
          kind?: Database["ops"]["Enums"]["advisory_kind"];
          module?: string;
          origin?: string | null;
          replacement?: string | null;
          severity?: Database["ops"]["Enums"]["advisory_severity"];
          source_id?: string;
          subject?: string;
          summary?: string;
        };
        Relationships: [
          {
            foreignKeyName: "upgrade_advisory_items_source_id_fkey";
            columns: ["source_id"];
            isOneToOne: false;
            referencedRelation: "upgrade_advisory_sources";
            referencedColumns: ["id"];
          },
        ];
      };
      upgrade_advisory_sources: {
        Row: {
          advisory_id: string;
          counts: NonNullable<Json>;
          id: string;
          imported_at: string;
          imported_by: string;
          items_sha256: string;
          name: string;
          number: number;
          project_id: string | null;
          release: string | null;
          sha256: string;
        };
        ComputedFields: never;
        Insert: {
          advisory_id: string;
          counts: NonNullable<Json>;
          id?: string;
          imported_at?: string;
          imported_by: string;
          items_sha256: string;
          name: string;
          number: number;
          project_id?: string | null;
          release?: string | null;
          sha256: string;
        };
        Update: {
          advisory_id?: string;
          counts?: NonNullable<Json>;
          id?: string;
          imported_at?: string;
          imported_by?: string;
          items_sha256?: string;
          name?: string;
          number?: number;
          project_id?: string | null;
          release?: string | null;
          sha256?: string;
        };
        Relationships: [
          {
            foreignKeyName: "upgrade_advisory_sources_advisory_id_fkey";
            columns: ["advisory_id"];
            isOneToOne: false;
            referencedRelation: "upgrade_advisories";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "upgrade_advisory_sources_advisory_id_fkey";
            columns: ["advisory_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["advisory_id"];
          },
          {
            foreignKeyName: "upgrade_advisory_sources_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "upgrade_advisory_sources_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "upgrade_advisory_sources_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      upgrade_previews: {
        Row: {
          backup_id: string;
          created_at: string;
          downtime_seconds: number | null;
          engine: string;
          environment_id: string;
          evidence_id: string;
          git_sha: string;
          id: string;
          image_digest: string;
          new_errors: number;
          new_warnings: number;
          project_id: string;
          report: NonNullable<Json>;
          run_id: string;
          seconds: number;
          source_digest: string;
          source_series: string;
          summary: string;
          target_series: string;
          verdict: string;
        };
        ComputedFields: never;
        Insert: {
          backup_id: string;
          created_at?: string;
          downtime_seconds?: number | null;
          engine: string;
          environment_id: string;
          evidence_id: string;
          git_sha: string;
          id?: string;
          image_digest: string;
          new_errors: number;
          new_warnings: number;
          project_id: string;
          report: NonNullable<Json>;
          run_id: string;
          seconds: number;
          source_digest: string;
          source_series: string;
          summary: string;
          target_series: string;
          verdict: string;
        };
        Update: {
          backup_id?: string;
          created_at?: string;
          downtime_seconds?: number | null;
          engine?: string;
          environment_id?: string;
          evidence_id?: string;
          git_sha?: string;
          id?: string;
          image_digest?: string;
          new_errors?: number;
          new_warnings?: number;
          project_id?: string;
          report?: NonNullable<Json>;
          run_id?: string;
          seconds?: number;
          source_digest?: string;
          source_series?: string;
          summary?: string;
          target_series?: string;
          verdict?: string;
        };
        Relationships: [
          {
            foreignKeyName: "upgrade_previews_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "upgrade_previews_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "upgrade_previews_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "upgrade_previews_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "upgrade_previews_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "upgrade_previews_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "upgrade_previews_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "upgrade_previews_evidence_id_fkey";
            columns: ["evidence_id"];
            isOneToOne: false;
            referencedRelation: "evidence_artifacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "upgrade_previews_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "upgrade_previews_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "upgrade_previews_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "upgrade_previews_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      variables: {
        Row: {
          environment_id: string | null;
          id: string;
          name: string;
          project_id: string;
          set_at: string;
          set_by: string;
          stage: Database["ops"]["Enums"]["environment_stage"] | null;
          value_id: string;
        };
        ComputedFields: never;
        Insert: {
          environment_id?: string | null;
          id?: string;
          name: string;
          project_id: string;
          set_at?: string;
          set_by: string;
          stage?: Database["ops"]["Enums"]["environment_stage"] | null;
          value_id: string;
        };
        Update: {
          environment_id?: string | null;
          id?: string;
          name?: string;
          project_id?: string;
          set_at?: string;
          set_by?: string;
          stage?: Database["ops"]["Enums"]["environment_stage"] | null;
          value_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "variables_value_id_fkey";
            columns: ["value_id"];
            isOneToOne: true;
            referencedRelation: "sealed_values";
            referencedColumns: ["id"];
          },
        ];
      };
      workers: {
        Row: {
          first_seen_at: string;
          id: string;
          kind: string;
          last_seen_at: string;
          metadata: NonNullable<Json>;
        };
        ComputedFields: never;
        Insert: {
          first_seen_at?: string;
          id: string;
          kind: string;
          last_seen_at?: string;
          metadata?: NonNullable<Json>;
        };
        Update: {
          first_seen_at?: string;
          id?: string;
          kind?: string;
          last_seen_at?: string;
          metadata?: NonNullable<Json>;
        };
        Relationships: [];
      };
      workflows: {
        Row: {
          config: NonNullable<Json>;
          created_at: string;
          id: string;
          is_enabled: boolean;
          name: string;
          project_id: string;
          set_at: string;
          set_by: string | null;
          workflow_type: Database["ops"]["Enums"]["workflow_type"];
        };
        ComputedFields: never;
        Insert: {
          config?: NonNullable<Json>;
          created_at?: string;
          id?: string;
          is_enabled?: boolean;
          name: string;
          project_id: string;
          set_at?: string;
          set_by?: string | null;
          workflow_type: Database["ops"]["Enums"]["workflow_type"];
        };
        Update: {
          config?: NonNullable<Json>;
          created_at?: string;
          id?: string;
          is_enabled?: boolean;
          name?: string;
          project_id?: string;
          set_at?: string;
          set_by?: string | null;
          workflow_type?: Database["ops"]["Enums"]["workflow_type"];
        };
        Relationships: [
          {
            foreignKeyName: "workflows_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "workflows_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "workflows_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
    };
    Views: {
      artifacts: {
        Row: {
          artifact_key: string;
          attempt: number;
          content_type: string;
          created_at: string;
          expires_at: string | null;
          id: string;
          project_id: string;
          run_id: string;
          s3_url: string;
          sha256: string;
          size_bytes: number;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_artifacts_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      project_members: {
        Row: {
          created_at: string;
          permissions: string[];
          project_id: string;
          project_slug: string;
          role: Database["ops"]["Enums"]["membership_role"];
          user_id: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_backup_freshness: {
        Row: {
          environment_id: string;
          environment_name: string;
          held_backups: number | null;
          is_fresh: boolean | null;
          kept_backups: number | null;
          last_passed_drill_at: string | null;
          last_rto_seconds: number | null;
          max_age: string | null;
          newest_backup_id: string | null;
          newest_created_at: string | null;
          newest_error: string | null;
          newest_status: Database["ops"]["Enums"]["backup_status"] | null;
          project_id: string;
          project_slug: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          stored_bytes: number | null;
          verified_age: string | null;
          verified_backup_id: string | null;
          verified_taken_at: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_branches: {
        Row: {
          branch: string;
          created_at: string;
          data_taken_at: string | null;
          deployed_at: string | null;
          deployed_by: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          expires_at: string | null;
          failed_checks: number | null;
          failed_run_error: string | null;
          failed_run_number: number | null;
          id: string;
          is_adopted: boolean;
          latest_run_error: string | null;
          latest_run_number: number | null;
          latest_run_status: Database["ops"]["Enums"]["run_status"] | null;
          name: string;
          partition_key: string;
          project_id: string;
          project_slug: string;
          project_status: Database["ops"]["Enums"]["project_status"];
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: string | null;
          url: string | null;
          waiting_position: number | null;
          waiting_run_number: number | null;
          waits_for: string | null;
          working_run_id: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["working_run_id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_console_invitations: {
        Row: {
          accepted_at: string | null;
          email: string;
          expires_at: string;
          invitation_id: string;
          invited_at: string;
          invited_by: string;
          person: string;
          personas: string[];
          status: string | null;
          user_id: string | null;
          withdrawn_at: string | null;
          withdrawn_by: string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      v_console_sessions: {
        Row: {
          began_at: string | null;
          created_at: string;
          created_by: string;
          ended_at: string | null;
          ended_by: string | null;
          ends_at: string | null;
          last_used_at: string | null;
          person: string;
          persona: string | null;
          personas: string[];
          session_id: string;
          status: string | null;
          user_id: string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      v_deployment_history: {
        Row: {
          backup_age: string | null;
          backup_id: string | null;
          created_at: string;
          decision_due_at: string | null;
          deployment_id: string;
          downtime_seconds: number | null;
          duration: string | null;
          environment_id: string | null;
          environment_name: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"] | null;
          git_shas: NonNullable<Json>;
          image_digest: string;
          incident_count: number | null;
          is_rollback: boolean | null;
          kept_by: string | null;
          no_backup_reason: string | null;
          phases: NonNullable<Json>;
          predicted_downtime_seconds: number | null;
          predicted_worst_seconds: number | null;
          project_id: string;
          project_slug: string;
          reason: string | null;
          release_id: string;
          replaced_release_id: string | null;
          replaced_version: string | null;
          requested_by: string;
          rollback_of: string | null;
          rollback_of_version: string | null;
          rolled_back_by: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "deployments_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "deployments_release_id_project_id_image_digest_git_shas_fkey";
            columns: ["release_id", "project_id", "image_digest", "git_shas"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "project_id", "image_digest", "git_shas"];
          },
          {
            foreignKeyName: "deployments_release_id_project_id_image_digest_git_shas_fkey";
            columns: [
              "replaced_release_id",
              "project_id",
              "image_digest",
              "git_shas",
            ];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "project_id", "image_digest", "git_shas"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "deployments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["deployment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["rolled_back_by", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      v_egress: {
        Row: {
          address: unknown;
          attempts: number | null;
          branch: string;
          bytes_in: number | null;
          bytes_out: number | null;
          cron: string | null;
          destination: string;
          environment_id: string;
          first_at: string | null;
          last_at: string | null;
          module: string | null;
          outcome: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          project_slug: string;
          protocol: string;
          reason: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_egress_attempts: {
        Row: {
          address: string | null;
          attempts: number;
          bytes_in: number;
          bytes_out: number;
          cron: string | null;
          destination: string;
          environment_id: string;
          environment_name: string;
          first_at: string;
          id: number;
          last_at: string;
          minute: string;
          module: string | null;
          outcome: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          project_slug: string;
          protocol: string;
          reason: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "egress_attempts_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_environment_overview: {
        Row: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          failed_run_error: string | null;
          failed_run_number: number | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          is_pinned: boolean;
          last_used_at: string;
          latest_run_error: string | null;
          latest_run_number: number | null;
          latest_run_status: Database["ops"]["Enums"]["run_status"] | null;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          project_slug: string;
          project_status: Database["ops"]["Enums"]["project_status"];
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: string | null;
          url: string | null;
          wakes_on_request: boolean;
          working_run_id: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["working_run_id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_environment_variables: {
        Row: {
          environment_id: string;
          name: string;
          place: string | null;
          project_id: string;
          set_at: string;
          set_by: string;
          variable_id: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_event_keys: {
        Row: {
          approver_id: string | null;
          created_at: string;
          created_by: string;
          event_types: string[];
          expires_at: string;
          key_id: string;
          last_used_at: string | null;
          name: string;
          persona: string | null;
          prefix: string;
          project_id: string | null;
          project_slug: string | null;
          revoked_at: string | null;
          revoked_by: string | null;
          rotated_from: string | null;
          scopes: string[];
          status: string | null;
          user_id: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_keys_rotated_from_fkey";
            columns: ["rotated_from"];
            isOneToOne: false;
            referencedRelation: "event_keys";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_keys_rotated_from_fkey";
            columns: ["rotated_from"];
            isOneToOne: false;
            referencedRelation: "v_event_keys";
            referencedColumns: ["key_id"];
          },
        ];
      };
      v_evidence_completeness: {
        Row: {
          checks: number | null;
          checks_without_evidence: string[] | null;
          evidence_count: number | null;
          gaps: string[] | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          is_complete: boolean | null;
          project_id: string;
          release_id: string;
          status: Database["ops"]["Enums"]["ops_gate_status"] | null;
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_exception_status: {
        Row: {
          created_at: string;
          exception_id: string;
          expires_at: string;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          granted_at: string | null;
          granted_by: string | null;
          incident_id: string | null;
          incident_status: Database["ops"]["Enums"]["incident_status"] | null;
          is_break_glass: boolean;
          needs_review: boolean | null;
          project_id: string;
          project_slug: string;
          reason: string;
          release_id: string;
          requested_by: string;
          revoked_at: string | null;
          revoked_by: string | null;
          status: string | null;
          time_remaining: string | null;
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_gate_status: {
        Row: {
          deadline_at: string | null;
          evaluated_at: string | null;
          exception_id: string | null;
          exception_reason: string | null;
          expires_at: string | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          granted_by: string | null;
          is_break_glass: boolean | null;
          is_overdue: boolean | null;
          is_required: boolean;
          merit: Database["ops"]["Enums"]["ops_gate_status"] | null;
          project_id: string;
          quorum: number;
          reason: string | null;
          release_id: string;
          required_checks: string[];
          status: Database["ops"]["Enums"]["ops_gate_status"] | null;
          version: string;
          window_seconds: number;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_downtime";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_images: {
        Row: {
          build_digest: string;
          condemned_at: string | null;
          id: string;
          layers: string[];
          project_id: string;
          project_slug: string;
          pushed_at: string;
          reference: string;
          signed_by: string | null;
          tags: string[];
          used_at: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "images_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "images_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "images_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_mails: {
        Row: {
          branch: string;
          environment_id: string;
          id: string;
          partition_key: string;
          project_id: string;
          project_slug: string;
          received_at: string;
          recipients: string[];
          sender: string;
          sha256: string;
          size_bytes: number;
          subject: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "mails_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "mails_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mails_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "mails_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_metrics: {
        Row: {
          labels: Json | null;
          metric: string | null;
          value: number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      v_people: {
        Row: {
          aliases: Json | null;
          created_at: string;
          created_by: string;
          name: string;
          person_id: string;
        };
        ComputedFields: never;
        Relationships: [];
      };
      v_productions: {
        Row: {
          branch: string;
          created_at: string;
          environment_id: string;
          has_data: boolean | null;
          is_active: boolean | null;
          is_default_branch: boolean | null;
          name: string;
          newest_drill_id: string | null;
          newest_drill_passed: boolean | null;
          newest_drill_started_at: string | null;
          partition_key: string;
          project_id: string;
          project_slug: string;
          verified_backup_id: string | null;
          verified_taken_at: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_promotion_eligibility: {
        Row: {
          created_at: string;
          created_by: string;
          eligible_for_production: boolean | null;
          eligible_for_staging: boolean | null;
          prepared_at: string | null;
          prepared_by: string | null;
          production_missing: string | null;
          project_id: string;
          project_slug: string;
          release_id: string;
          release_status: Database["ops"]["Enums"]["ops_release_status"];
          staging_missing: string | null;
          version: string;
          waits_for_go: boolean | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_release_downtime: {
        Row: {
          deployment_id: string | null;
          median_seconds: number | null;
          phase: string | null;
          phase_number: number | null;
          project_id: string;
          real_seconds: number | null;
          rehearsal_count: number | null;
          release_id: string;
          version: string;
          worst_seconds: number | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_release_gate_summary: {
        Row: {
          approvals: number | null;
          approvers: string[] | null;
          checks_failed: number | null;
          checks_missing: string[] | null;
          checks_passed: number | null;
          checks_skipped: number | null;
          checks_total: number | null;
          created_at: string;
          created_by: string;
          deadline_at: string | null;
          evaluated_at: string | null;
          evidence_count: number | null;
          exception_expires_at: string | null;
          exception_id: string | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          is_required: boolean;
          merit: Database["ops"]["Enums"]["ops_gate_status"] | null;
          project_id: string;
          project_slug: string;
          quorum: number;
          reason: string | null;
          rejections: number | null;
          release_id: string;
          release_status: Database["ops"]["Enums"]["ops_release_status"];
          status: Database["ops"]["Enums"]["ops_gate_status"] | null;
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_run_concerns: {
        Row: {
          alarm_key: string | null;
          changes_alarm: boolean | null;
          has_release: boolean | null;
          is_told: boolean | null;
          moves_data: boolean;
          run_id: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["run_id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_run_details: {
        Row: {
          attempt: number;
          cancel_requested_at: string | null;
          claimed_at: string | null;
          claimed_by: string | null;
          config: NonNullable<Json>;
          created_at: string;
          dagster_run_id: string | null;
          environment_id: string | null;
          error_message: string | null;
          exit_code: number | null;
          finished_at: string | null;
          git_ref: string | null;
          git_sha: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at: string | null;
          max_attempts: number;
          partition_key: string | null;
          priority: number;
          project_id: string;
          project_slug: string;
          requested_by: string | null;
          retry_of: string | null;
          run_number: number;
          started_at: string | null;
          status: Database["ops"]["Enums"]["run_status"];
          trigger: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_requests_retry_of_fkey";
            columns: ["retry_of"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_run_lineage: {
        Row: {
          asset_key: string;
          attempt: number;
          code_version: string | null;
          created_at: string;
          dagster_run_id: string | null;
          data_version: string | null;
          git_ref: string | null;
          git_sha: string | null;
          inputs: NonNullable<Json>;
          partition_key: string | null;
          project_slug: string;
          run_id: string;
          run_number: number;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_lineage_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_run_queue: {
        Row: {
          age: string | null;
          attempt: number;
          git_sha: string | null;
          kind: Database["ops"]["Enums"]["run_kind"];
          partition_key: string | null;
          position: number | null;
          priority: number;
          project_slug: string;
          run_id: string;
          run_number: number;
          usual_duration: string | null;
          waits_for: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["run_id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_runs: {
        Row: {
          attempt: number;
          cancel_requested_at: string | null;
          claimed_at: string | null;
          claimed_by: string | null;
          config: NonNullable<Json>;
          created_at: string;
          dagster_run_id: string | null;
          duration: string | null;
          environment_id: string | null;
          error_message: string | null;
          exit_code: number | null;
          fault: string | null;
          finished_at: string | null;
          git_ref: string | null;
          git_sha: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at: string | null;
          max_attempts: number;
          not_before: string | null;
          partition_key: string | null;
          priority: number;
          project_id: string;
          project_slug: string;
          requested_by: string | null;
          retry_of: string | null;
          run_number: number;
          started_at: string | null;
          starts: number;
          status: Database["ops"]["Enums"]["run_status"];
          trigger: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "run_requests_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "run_requests_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "run_requests_retry_of_fkey";
            columns: ["retry_of"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_startable_runs: {
        Row: {
          created_at: string;
          environment_id: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          priority: number;
          turn: number;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string | null;
          environment_id?: string | null;
          id?: string | null;
          kind?: Database["ops"]["Enums"]["run_kind"] | null;
          priority?: number | null;
          turn?: number | null;
        };
        Update: {
          created_at?: string | null;
          environment_id?: string | null;
          id?: string | null;
          kind?: Database["ops"]["Enums"]["run_kind"] | null;
          priority?: number | null;
          turn?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_upgrade_advisories: {
        Row: {
          advisory_id: string;
          breaking_change_count: number | null;
          breaking_changes: NonNullable<Json>;
          certain_uses: number | null;
          created_at: string;
          item_count: number | null;
          matched_at: string | null;
          matched_run_id: string | null;
          migration_guides: NonNullable<Json>;
          odoo_version: string;
          possible_uses: number | null;
          project_id: string;
          project_slug: string;
          severity: Database["ops"]["Enums"]["advisory_severity"];
          sources: Json | null;
          target_version: string | null;
          to_version: string;
          uses: Json | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_checks_run_id_fkey";
            columns: ["matched_run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_upgrade_advisory_items: {
        Row: {
          from_version: string;
          guide: string | null;
          id: number;
          kind: Database["ops"]["Enums"]["advisory_kind"];
          module: string;
          origin: string | null;
          project_id: string | null;
          replacement: string | null;
          severity: Database["ops"]["Enums"]["advisory_severity"];
          source: string;
          subject: string;
          summary: string;
          to_version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "upgrade_advisory_sources_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "upgrade_advisory_sources_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "upgrade_advisory_sources_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_variables: {
        Row: {
          branch: string | null;
          environment_id: string | null;
          id: string;
          name: string;
          place: string | null;
          project_id: string;
          project_slug: string;
          set_at: string;
          set_by: string;
          stage: Database["ops"]["Enums"]["environment_stage"] | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_branches";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_variables";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "variables_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "variables_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_workflows";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_workflows: {
        Row: {
          config: Json | null;
          git_ref: string | null;
          git_sha: string | null;
          is_enabled: boolean | null;
          last_run_id: string | null;
          last_run_number: number | null;
          last_run_status: Database["ops"]["Enums"]["run_status"] | null;
          name: string | null;
          project_id: string;
          project_slug: string;
          set_at: string | null;
          set_by: string | null;
          workflow_id: string | null;
          workflow_type: Database["ops"]["Enums"]["workflow_type"] | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["last_run_id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
    };
    Functions: {
      active_counts: {
        Args: Record<PropertyKey, never>;
        Returns: {
          active: number;
        }[];
      };
      add_person_alias: {
        Args: {
          alias: string;
          kind: Database["ops"]["Enums"]["alias_kind"];
          p_created_by?: string;
          person_id: string;
        };
        Returns: undefined;
      };
      add_person_key: {
        Args: {
          key_id: string;
          p_created_by?: string;
          person_id: string;
          public_key: string;
        };
        Returns: string;
      };
      add_run_artifact: {
        Args: {
          p_artifact_key: string;
          p_attempt?: number;
          p_content_type?: string;
          p_expires_at?: string;
          p_run_id: string;
          p_s3_url: string;
          p_sha256: string;
          p_size_bytes?: number;
        };
        Returns: string;
      };
      adopt_environment: {
        Args: { p_branch: string; p_project_id: string };
        Returns: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          is_pinned: boolean;
          last_used_at: string;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
          wakes_on_request: boolean;
        }[];
        SetofOptions: {
          from: "*";
          to: "environments";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      advance_control_plane: {
        Args: { p_rounds?: number };
        Returns: {
          created_at: string;
          id: string;
          is_older: boolean;
          rounds: number;
        }[];
      };
      announce_deployment: {
        Args: { p_attempt: number; p_run_id: string };
        Returns: Json;
      };
      announce_work: { Args: { p_word: string }; Returns: undefined };
      append_event: {
        Args: {
          level: string;
          message: string;
          p_attempt?: number;
          payload?: Json;
          run_id: string;
        };
        Returns: undefined;
      };
      append_run_log: {
        Args: {
          p_attempt?: number;
          p_level: Database["ops"]["Enums"]["log_level"];
          p_message: string;
          p_metadata?: Json;
          p_run_id: string;
        };
        Returns: number;
      };
      append_run_logs: {
        Args: { p_attempt: number; p_lines: Json; p_run_id: string };
        Returns: number;
      };
      apply_pushes: {
        Args: { p_limit?: number };
        Returns: {
          delivery_id: string;
          outcome: string;
        }[];
      };
      apply_retention: {
        Args: {
          p_idempotency_key?: string;
          p_requested_by?: string;
          p_trigger?: string;
          project_id: string;
        };
        Returns: string;
      };
      archive_project: {
        Args: { p_slug: string };
        Returns: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "projects";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      artifact_expiry_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      audit_anchor_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      audit_entries: {
        Args: { p_since: string; p_until: string };
        Returns: {
          chain: string;
          entry: string;
          recorded_at: string;
          sha256: string;
        }[];
      };
      audit_limits: {
        Args: Record<PropertyKey, never>;
        Returns: {
          began_at: string;
          deliveries_since: string;
          events_since: string;
          taken_at: string;
        }[];
      };
      audit_trail: {
        Args: { p_project_id?: string };
        Returns: {
          entry: Json;
          kind: string;
          recorded_at: string;
        }[];
      };
      authenticate_console_session: {
        Args: { p_session_sha256: string };
        Returns: Json;
      };
      authenticate_key: {
        Args: { p_key_prefix: string; p_key_sha256: string };
        Returns: Json;
      };
      await_decision: {
        Args: { p_attempt: number; p_deployment_id: string; p_run_id: string };
        Returns: {
          backup_id: string | null;
          created_at: string;
          database_name: string | null;
          decision_due_at: string | null;
          environment_id: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id: string;
          idempotency_key: string | null;
          image_digest: string;
          joined_requests: NonNullable<Json>;
          keep_previous_until: string | null;
          kept_at: string | null;
          kept_by: string | null;
          kept_reason: string | null;
          no_backup_reason: string | null;
          phases: NonNullable<Json>;
          previous_database_name: string | null;
          project_id: string;
          reason: string | null;
          release_id: string;
          requested_by: string;
          rollback_of: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          told_at: string | null;
          with_data: boolean;
        };
        SetofOptions: {
          from: "*";
          to: "deployments";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      backup_mirror_is_due: {
        Args: { p_last_at: string; p_mirror_url: string };
        Returns: boolean;
      };
      branch_stage: {
        Args: {
          p_branch: string;
          p_default_branch: string;
          p_staging_branches?: Json;
        };
        Returns: Database["ops"]["Enums"]["environment_stage"];
      };
      branches_without_preview: {
        Args: { p_project_id: string };
        Returns: {
          branch: string;
          seen_at: string;
          sha: string;
        }[];
      };
      break_glass: {
        Args: {
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          p_broken_by?: string;
          p_idempotency_key?: string;
          reason: string;
          release_id: string;
        };
        Returns: string;
      };
      caller_claims: { Args: Record<PropertyKey, never>; Returns: Json };
      caller_id: { Args: Record<PropertyKey, never>; Returns: string };
      caller_jobs: { Args: Record<PropertyKey, never>; Returns: string[] };
      caller_name: { Args: Record<PropertyKey, never>; Returns: string };
      caller_personas: { Args: Record<PropertyKey, never>; Returns: string[] };
      caller_role: { Args: Record<PropertyKey, never>; Returns: string };
      cancel_run: {
        Args: { p_reason?: string; p_requested_by?: string; p_run_id: string };
        Returns: Database["ops"]["Enums"]["run_status"];
      };
      carry_revocations: {
        Args: {
          p_aliases?: Json;
          p_exceptions?: string[];
          p_holds?: Json;
          p_invitations?: string[];
          p_keys: string[];
          p_members: Json;
          p_person_keys: string[];
          p_rules?: number[];
        };
        Returns: {
          aliases: number;
          exceptions: number;
          holds: number;
          invitations: number;
          keys: number;
          members: number;
          rules: number;
        }[];
      };
      choose_console_persona: {
        Args: { p_session_sha256: string; persona: string };
        Returns: undefined;
      };
      claim_and_start_runs: {
        Args: {
          p_lease_seconds?: number;
          p_limit?: number;
          p_worker_id: string;
        };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      claim_messages: {
        Args: {
          p_digest_seconds?: number;
          p_lease_seconds?: number;
          p_limit?: number;
          p_worker_id: string;
        };
        Returns: {
          attempts: number;
          cause: string;
          channel: string;
          claimed_by: string | null;
          created_at: string;
          ended_at: string | null;
          id: number;
          is_by_platform: boolean;
          kind: string;
          last_error: string | null;
          lease_expires_at: string | null;
          next_at: string;
          payload: NonNullable<Json>;
          project_id: string | null;
          recipient: string;
          state: string;
          status: Database["ops"]["Enums"]["message_status"];
          subject: string;
          tries: number;
        }[];
        SetofOptions: {
          from: "*";
          to: "outbox";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      claim_next_run: {
        Args: { p_lease_seconds?: number; p_worker_id: string };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      claim_runs: {
        Args: {
          p_lease_seconds?: number;
          p_limit: number;
          p_worker_id: string;
        };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      claim_short_runs: {
        Args: {
          p_at_once: number;
          p_lease_seconds?: number;
          p_worker_id: string;
        };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      clear_alarm: {
        Args: { p_key: string; p_resolution: string };
        Returns: boolean;
      };
      close_deployments: { Args: { p_project_id?: string }; Returns: number };
      compare_backup: {
        Args: {
          backup_id: string;
          env: string;
          p_requested_by?: string;
          p_trigger?: string;
          tables: string[];
        };
        Returns: string;
      };
      complete_workflow_run: {
        Args: {
          p_attempt?: number;
          p_canceled?: boolean;
          p_error_message?: string;
          p_exit_code: number;
          p_fault?: string;
          p_run_id: string;
          p_worker_id?: string;
        };
        Returns: Database["ops"]["Enums"]["run_status"];
      };
      condemn_image: {
        Args: { p_image_id: string };
        Returns: {
          build_digest: string;
          layers: string[];
          reference: string;
          tags: string[];
        }[];
      };
      confirm_record: { Args: { p_confirmed_by?: string }; Returns: boolean };
      create_backup: {
        Args: {
          env: string;
          p_config?: Json;
          p_idempotency_key?: string;
          p_label?: string;
          p_priority?: number;
          p_requested_by?: string;
          p_trigger?: string;
          p_workflow_id?: string;
          project_id: string;
        };
        Returns: string;
      };
      create_console_link: {
        Args: {
          p_created_by?: string;
          p_link_sha256: string;
          p_personas?: string[];
          p_user_id?: string;
          person: string;
        };
        Returns: string;
      };
      create_event_key: {
        Args: {
          event_types: string[];
          expires_at: string;
          name: string;
          p_approver_id?: string;
          p_created_by?: string;
          p_project_id?: string;
          p_scopes?: string[];
          p_user_id?: string;
          persona: string;
        };
        Returns: {
          key: string;
          key_id: string;
        }[];
      };
      create_member_key: {
        Args: {
          expires_at: string;
          name: string;
          p_project_id: string;
          p_scopes: string[];
        };
        Returns: {
          key: string;
          key_id: string;
        }[];
      };
      create_notification_rule: {
        Args: {
          p_channel: string;
          p_created_by?: string;
          p_events: string[];
          p_fault?: string;
          p_recipient: string;
          p_slug?: string;
          p_stage?: string;
        };
        Returns: number;
      };
      create_person: {
        Args: { name: string; p_created_by?: string };
        Returns: string;
      };
      create_project: {
        Args: {
          p_config?: Json;
          p_created_by?: string;
          p_default_branch?: string;
          p_odoo_version: string;
          p_owner?: string;
          p_poll_enabled?: boolean;
          p_repo_url: string;
          p_slug: string;
          p_workspace_key?: string;
        };
        Returns: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "projects";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      create_release: {
        Args: {
          git_shas: Json;
          image_digest: string;
          p_created_by?: string;
          p_notes?: string;
          p_run_id?: string;
          project_id: string;
          version: string;
        };
        Returns: string;
      };
      decide_orphan: {
        Args: {
          p_decided_by?: string;
          p_decision: Database["ops"]["Enums"]["orphan_decision"];
          p_kind: Database["ops"]["Enums"]["orphan_kind"];
          p_name: string;
        };
        Returns: undefined;
      };
      drop_backup: {
        Args: { backup_id: string; reason: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      drop_expired_backup: {
        Args: {
          backup_id: string;
          p_attempt: number;
          p_run_id: string;
          p_time_zone: string;
          reason: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      egress_rules: {
        Args: Record<PropertyKey, never>;
        Returns: {
          allow: Json;
          environment_id: string;
          mode: string;
          opened: Json;
          project_slug: string;
          rules: Json;
          stage: string;
        }[];
      };
      end_console_sessions: {
        Args: { p_ended_by?: string; p_session_id?: string };
        Returns: number;
      };
      end_dagster_run: {
        Args: {
          p_dagster_run_id: string;
          p_error_message?: string;
          p_status: Database["ops"]["Enums"]["run_status"];
        };
        Returns: boolean;
      };
      end_forgotten_transactions: {
        Args: { p_older_than?: string };
        Returns: {
          began_at: string;
          login: unknown;
        }[];
      };
      end_orphan_decision: {
        Args: {
          p_decided_at: string;
          p_kind: Database["ops"]["Enums"]["orphan_kind"];
          p_name: string;
          p_refusal?: string;
        };
        Returns: undefined;
      };
      enroll_run: {
        Args: {
          p_config?: Json;
          p_dagster_run_id: string;
          p_kind: Database["ops"]["Enums"]["run_kind"];
          p_lease_seconds?: number;
          p_partition_key: string;
          p_requested_by?: string;
          p_worker_id?: string;
        };
        Returns: {
          attempt: number;
          run_id: string;
        }[];
      };
      ensure_environment: {
        Args: {
          p_branch: string;
          p_project_id: string;
          p_stage?: Database["ops"]["Enums"]["environment_stage"];
        };
        Returns: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          is_pinned: boolean;
          last_used_at: string;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
          wakes_on_request: boolean;
        }[];
        SetofOptions: {
          from: "*";
          to: "environments";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      ensure_partitions: {
        Args: { p_months_ahead?: number };
        Returns: string[];
      };
      environment_values: {
        Args: { p_environment_id: string };
        Returns: {
          environment_id: string;
          name: string;
          project_id: string;
          public_key: string;
          sealed: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
        }[];
      };
      environments_to_expire: {
        Args: { p_now: string };
        Returns: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          is_pinned: boolean;
          last_used_at: string;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
          wakes_on_request: boolean;
        }[];
        SetofOptions: {
          from: "*";
          to: "environments";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      evaluate_gate: { Args: { gate_id: string }; Returns: string };
      expire_environments: { Args: { p_now?: string }; Returns: string[] };
      expire_rows: {
        Args: { p_limit?: number; p_parts?: string[] };
        Returns: Database["ops"]["CompositeTypes"]["expiry"][];
        SetofOptions: {
          from: "*";
          to: "expiry";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      explain_environment: {
        Args: { p_environment_id: string };
        Returns: {
          action: string;
          detail: string;
          is_allowed: boolean;
        }[];
      };
      explain_image: {
        Args: { image_id: string };
        Returns: {
          detail: string;
          is_met: boolean;
          question: string;
        }[];
      };
      explain_preview: {
        Args: { p_project_id: string };
        Returns: {
          asked: Json;
          detail: string;
          held: Json;
          is_cut: boolean;
          rule: string;
        }[];
      };
      explain_promotion: {
        Args: { release_id: string; target_env: string };
        Returns: {
          detail: string;
          is_met: boolean;
          requirement: string;
        }[];
      };
      explain_rollback: {
        Args: { deployment_id: string };
        Returns: {
          detail: string;
          is_possible: boolean;
          lost_minutes: number;
          version: string;
          way: string;
        }[];
      };
      finish_run: {
        Args: { run_id: string; status: string };
        Returns: Database["ops"]["Enums"]["run_status"];
      };
      forget_backup_mirror: {
        Args: { p_backup_id: string; p_mirror_url: string };
        Returns: undefined;
      };
      forget_template: { Args: { p_database_name: string }; Returns: boolean };
      freeze_reason: {
        Args: { p_at: string; p_windows: Json };
        Returns: string;
      };
      get_run: {
        Args: { p_run_id: string };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      grant_exception: {
        Args: { exception_id: string; p_granted_by?: string };
        Returns: undefined;
      };
      has_permission: {
        Args: { p_permission: string; p_project_id: string };
        Returns: boolean;
      };
      hash_event: {
        Args: {
          p_attempt: number;
          p_created_at: string;
          p_event_type: Database["ops"]["Enums"]["event_type"];
          p_message: string;
          p_payload: Json;
          p_prev_hash: string;
          p_run_id: string;
          p_seq: number;
        };
        Returns: string;
      };
      heartbeat_run: {
        Args: {
          p_attempt?: number;
          p_lease_seconds?: number;
          p_run_id: string;
          p_worker_id: string;
        };
        Returns: boolean;
      };
      hold_backup: {
        Args: { backup_id: string; reason: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      image_removal_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      images_to_remove: {
        Args: { p_project_id?: string };
        Returns: {
          id: string;
          project_slug: string;
          reference: string;
          used_at: string;
        }[];
      };
      import_upgrade_advisories: {
        Args: {
          p_from_version: string;
          p_guides?: string[];
          p_imported_by?: string;
          p_items: Json;
          p_project_id?: string;
          p_release?: string;
          p_sha256: string;
          p_source: string;
          p_to_version: string;
        };
        Returns: {
          is_new: boolean;
          item_count: number;
          number: number;
          source_id: string;
        }[];
      };
      ingest_event: { Args: { envelope: Json }; Returns: Json };
      invite_to_console: {
        Args: {
          p_days?: number;
          p_email: string;
          p_invited_by?: string;
          p_person: string;
          p_personas?: string[];
          p_user_id?: string;
        };
        Returns: string;
      };
      is_eligible_for_promotion: {
        Args: { release_id: string; target_env: string };
        Returns: boolean;
      };
      is_platform: { Args: Record<PropertyKey, never>; Returns: boolean };
      is_unconfirmed: { Args: Record<PropertyKey, never>; Returns: boolean };
      janitor_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      keep_deployment: {
        Args: { deployment_id: string; p_kept_by?: string; reason: string };
        Returns: undefined;
      };
      known_runs: { Args: { p_run_ids: string[] }; Returns: string[] };
      list_backups_to_mirror: {
        Args: { p_mirror_url: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      list_logged_runs: {
        Args: { p_environment_id: string; p_limit?: number; p_since: string };
        Returns: {
          created_at: string;
          finished_at: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          run_id: string;
          run_number: number;
        }[];
      };
      list_member_keys: {
        Args: { p_project_id: string };
        Returns: {
          created_at: string;
          expires_at: string;
          is_own: boolean;
          last_used_at: string;
          name: string;
          prefix: string;
          scopes: string[];
          status: string;
          user_id: string;
        }[];
      };
      list_partitions: {
        Args: { p_table: string };
        Returns: {
          held_from: string;
          held_until: string;
          partition_name: string;
        }[];
      };
      list_permissions: { Args: { p_project_id: string }; Returns: string[] };
      list_queued_runs: {
        Args: Record<PropertyKey, never>;
        Returns: {
          age: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          partition_key: string;
          position: number;
          priority: number;
          project_slug: string;
          run_id: string;
          run_number: number;
          usual_duration: string;
          waits_for: string;
        }[];
      };
      list_run_steps: {
        Args: { p_run_id: string };
        Returns: {
          finished_at: string;
          seconds: number;
          step: string;
          usual_seconds: number;
        }[];
      };
      list_runs_since: {
        Args: { p_after: string; p_limit: number; p_open: string[] };
        Returns: {
          created_at: string;
          id: string;
          is_ended: boolean;
        }[];
      };
      list_step_durations: {
        Args: {
          p_kind: Database["ops"]["Enums"]["run_kind"];
          p_limit?: number;
          p_project_id: string;
        };
        Returns: {
          run_number: number;
          seconds: number;
          step: string;
        }[];
      };
      log_retention_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      mail_source: { Args: { p_mail_id: string }; Returns: string };
      matches_pattern: {
        Args: { p_patterns: Json; p_text: string };
        Returns: boolean;
      };
      minute_of_week: { Args: { p_time: string }; Returns: number };
      normalise_repo_url: { Args: { p_url: string }; Returns: string };
      note_requests: { Args: { p_asked: Json }; Returns: number };
      note_terminal: {
        Args: {
          p_env: string;
          p_opened_by?: string;
          p_program: string;
          p_project_id: string;
        };
        Returns: undefined;
      };
      open_incident: {
        Args: {
          p_deployment_id?: string;
          p_description?: string;
          p_opened_by?: string;
          p_severity?: Database["ops"]["Enums"]["incident_severity"];
          project_id: string;
          title: string;
        };
        Returns: string;
      };
      page_run_logs: {
        Args: {
          p_after_id?: number;
          p_before_id?: number;
          p_level?: Database["ops"]["Enums"]["log_level"];
          p_limit?: number;
          p_run_id: string;
        };
        Returns: {
          attempt: number;
          id: number;
          level: Database["ops"]["Enums"]["log_level"];
          message: string;
          metadata: NonNullable<Json>;
          run_id: string;
          timestamp: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "run_logs";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      partition_key: {
        Args: { p_branch: string; p_generation: number; p_slug: string };
        Returns: string;
      };
      peek_runs: {
        Args: { p_limit: number };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      person_of: { Args: { p_name: string }; Returns: string };
      pin_environment: {
        Args: { p_environment_id: string; p_is_pinned: boolean };
        Returns: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          is_pinned: boolean;
          last_used_at: string;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
          wakes_on_request: boolean;
        }[];
        SetofOptions: {
          from: "*";
          to: "environments";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      policy: {
        Args: {
          project_id: string;
          type: Database["ops"]["Enums"]["policy_type"];
        };
        Returns: Json;
      };
      policy_defaults: {
        Args: { p_type: Database["ops"]["Enums"]["policy_type"] };
        Returns: Json;
      };
      policy_rules: {
        Args: Record<PropertyKey, never>;
        Returns: {
          default_value: Json;
          kind: string;
          maximum: number;
          meaning: string;
          minimum: number;
          policy_type: Database["ops"]["Enums"]["policy_type"];
          rule: string;
        }[];
      };
      prepare_promotion: {
        Args: { p_requested_by?: string; release_id: string };
        Returns: {
          created_at: string;
          created_by: string;
          git_ref: string | null;
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          lock_digest: string | null;
          notes: string | null;
          prepared_at: string | null;
          prepared_by: string | null;
          prepared_digest: string | null;
          project_id: string;
          run_id: string | null;
          status: Database["ops"]["Enums"]["ops_release_status"];
          version: string;
          withdrawn_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "releases";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      project_of_webhook: { Args: { p_slug: string }; Returns: string };
      projects_to_poll: {
        Args: { p_now?: string; p_older_than_seconds: number };
        Returns: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "projects";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      promote_due_builds: {
        Args: Record<PropertyKey, never>;
        Returns: string[];
      };
      promote_prepared: {
        Args: {
          p_reason?: string;
          p_requested_by?: string;
          release_id: string;
        };
        Returns: string;
      };
      promote_release: {
        Args: {
          p_no_backup_reason?: string;
          p_reason?: string;
          p_requested_by?: string;
          release_id: string;
          target_env: string;
        };
        Returns: string;
      };
      propose_release: {
        Args: {
          p_attempt: number;
          p_author?: string;
          p_image_digest: string;
          p_lock_digest?: string;
          p_run_id: string;
          p_submodules?: Json;
        };
        Returns: {
          created_at: string;
          created_by: string;
          git_ref: string | null;
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          lock_digest: string | null;
          notes: string | null;
          prepared_at: string | null;
          prepared_by: string | null;
          prepared_digest: string | null;
          project_id: string;
          run_id: string | null;
          status: Database["ops"]["Enums"]["ops_release_status"];
          version: string;
          withdrawn_at: string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "releases";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      prune_images: { Args: { p_project_id: string }; Returns: number };
      queue_due_drills: {
        Args: { p_from_hour?: number; p_now: string; p_time_zone: string };
        Returns: {
          backup_id: string;
          partition_key: string;
          refusal: string;
        }[];
      };
      queue_due_previews: {
        Args: { p_from_hour?: number; p_now: string; p_time_zone: string };
        Returns: {
          partition_key: string;
          refusal: string;
          version: string;
        }[];
      };
      queue_due_retention: { Args: { p_now?: string }; Returns: string[] };
      queue_nightly_backups: {
        Args: { p_hour: number; p_now: string; p_time_zone: string };
        Returns: {
          backup_id: string;
          partition_key: string;
          refusal: string;
        }[];
      };
      queue_run: {
        Args: {
          env: string;
          git_sha: string;
          p_config?: Json;
          p_idempotency_key?: string;
          p_kind?: Database["ops"]["Enums"]["run_kind"];
          p_max_attempts?: number;
          p_priority?: number;
          p_requested_by?: string;
          p_retry_of?: string;
          p_trigger?: string;
          p_workflow_id?: string;
          project_id: string;
          ref: string;
        };
        Returns: string;
      };
      queue_test_message: {
        Args: { p_channel: string; p_recipient: string };
        Returns: number;
      };
      queue_workflow: {
        Args: {
          p_branch: string;
          p_git_sha?: string;
          p_idempotency_key?: string;
          p_project: string;
          p_ref?: string;
          p_requested_by?: string;
          p_trigger?: string;
          p_workflow: string;
        };
        Returns: string;
      };
      raise_alarm: {
        Args: {
          p_description?: string;
          p_key: string;
          p_project_id?: string;
          p_severity?: Database["ops"]["Enums"]["incident_severity"];
          p_title: string;
        };
        Returns: string;
      };
      receive_event: {
        Args: {
          body: string;
          p_key_prefix?: string;
          p_key_sha256?: string;
          p_size_bytes?: number;
        };
        Returns: Json;
      };
      receive_push: {
        Args: {
          p_body_sha256?: string;
          p_delivery_id: string;
          p_event: string;
          p_forced?: boolean;
          p_payload?: Json;
          p_previous_sha?: string;
          p_project_id?: string;
          p_pusher?: string;
          p_ref: string;
          p_repo_url: string;
          p_sha: string;
        };
        Returns: {
          delivery: number;
          outcome: string;
        }[];
      };
      record_backup_failed: {
        Args: { p_attempt: number; p_error_message: string; p_run_id: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_mirrored: {
        Args: {
          p_backup_id: string;
          p_manifest_sha256: string;
          p_mirror_url: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_recheck: {
        Args: {
          p_backup_id: string;
          p_error_message?: string;
          p_manifest_sha256: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_start: {
        Args: {
          p_attempt: number;
          p_environment_id?: string;
          p_run_id: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_stored: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_format_version: number;
          p_git_sha?: string;
          p_image_digest?: string;
          p_manifest_sha256: string;
          p_manifest_url: string;
          p_metadata?: Json;
          p_object_count: number;
          p_odoo_version: string;
          p_run_id: string;
          p_size_bytes: number;
          p_stored_bytes: number;
          p_taken_at: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_verified: {
        Args: {
          p_attempt: number;
          p_manifest_sha256: string;
          p_run_id: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_branch_heads: {
        Args: {
          p_asked_at?: string;
          p_empty_branch?: string;
          p_heads: Json;
          p_project_id: string;
        };
        Returns: string[];
      };
      record_check: {
        Args: {
          p_attempt: number;
          p_blocking: boolean;
          p_metadata?: Json;
          p_name: string;
          p_passed: boolean;
          p_run_id: string;
          p_summary: string;
        };
        Returns: undefined;
      };
      record_deployment: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_expires_at?: string;
          p_git_sha: string;
          p_image_digest: string;
          p_port: number;
          p_run_id: string;
          p_url: string;
        };
        Returns: string;
      };
      record_deployment_status: {
        Args: {
          deployment_id: string;
          status: Database["ops"]["Enums"]["deployment_status"];
        };
        Returns: undefined;
      };
      record_destruction: {
        Args: { p_attempt: number; p_run_id: string };
        Returns: undefined;
      };
      record_drill_end: {
        Args: {
          p_attempt: number;
          p_evidence_id?: string;
          p_passed: boolean;
          p_report?: Json;
          p_rpo_seconds?: number;
          p_rto_seconds?: number;
          p_run_id: string;
          p_summary: string;
        };
        Returns: {
          backup_id: string;
          evidence_id: string | null;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          project_id: string;
          report: NonNullable<Json>;
          restore_id: string | null;
          rpo_seconds: number | null;
          rto_seconds: number | null;
          run_id: string | null;
          started_at: string;
          summary: string;
        };
        SetofOptions: {
          from: "*";
          to: "recovery_drills";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_drill_start: {
        Args: { p_attempt: number; p_run_id: string };
        Returns: {
          backup_id: string;
          evidence_id: string | null;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          project_id: string;
          report: NonNullable<Json>;
          restore_id: string | null;
          rpo_seconds: number | null;
          rto_seconds: number | null;
          run_id: string | null;
          started_at: string;
          summary: string;
        };
        SetofOptions: {
          from: "*";
          to: "recovery_drills";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_egress: {
        Args: {
          p_attempts: Json;
          p_environment_id: string;
          p_minute: string;
          p_outcome: string;
          p_source: string;
        };
        Returns: number;
      };
      record_evidence: {
        Args: {
          kind: string;
          p_check_id?: string;
          p_content_type?: string;
          p_gate_id?: string;
          p_release_id?: string;
          p_run_id?: string;
          p_size_bytes?: number;
          s3_url: string;
          sha256: string;
        };
        Returns: string;
      };
      record_found_backup: {
        Args: {
          p_backup_id: string;
          p_database_name: string;
          p_environment: string;
          p_format_version: number;
          p_git_sha?: string;
          p_image_digest?: string;
          p_is_sealed: boolean;
          p_manifest_sha256: string;
          p_manifest_url: string;
          p_metadata?: Json;
          p_object_count: number;
          p_odoo_version: string;
          p_project_slug: string;
          p_size_bytes: number;
          p_stage: Database["ops"]["Enums"]["environment_stage"];
          p_stored_bytes: number;
          p_taken_at: string;
        };
        Returns: boolean;
      };
      record_gate_check: {
        Args: {
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          name: string;
          p_deployment_id?: string;
          p_metadata?: Json;
          p_occurred_at?: string;
          p_run_id?: string;
          p_source?: string;
          p_summary?: string;
          release_id: string;
          status: Database["ops"]["Enums"]["check_status"];
        };
        Returns: string;
      };
      record_image: {
        Args: {
          p_attempt: number;
          p_build_digest: string;
          p_layers?: string[];
          p_reference: string;
          p_run_id: string;
          p_signed_by?: string;
          p_tags?: string[];
        };
        Returns: string;
      };
      record_image_removed: {
        Args: { p_image_id: string };
        Returns: undefined;
      };
      record_lineage: {
        Args: {
          p_asset_key: string;
          p_attempt: number;
          p_code_version: string;
          p_data_version: string;
          p_inputs?: Json;
          p_partition_key: string;
          p_run_id: string;
        };
        Returns: undefined;
      };
      record_mail: {
        Args: {
          p_content: string;
          p_environment_id: string;
          p_received_at: string;
          p_recipients: string[];
          p_sender: string;
          p_subject: string;
        };
        Returns: string;
      };
      record_messages_delivered: {
        Args: { p_attempts: number[]; p_ids: number[] };
        Returns: number;
      };
      record_messages_failed: {
        Args: {
          p_attempts: number[];
          p_error: string;
          p_ids: number[];
          p_is_final?: boolean;
          p_wait_seconds?: number;
        };
        Returns: number;
      };
      record_notification_rules: {
        Args: {
          p_attempt: number;
          p_domains?: string[];
          p_rules: Json;
          p_run_id: string;
        };
        Returns: boolean;
      };
      record_orphan_decision: {
        Args: {
          p_decided_by?: string;
          p_decision: Database["ops"]["Enums"]["orphan_decision"];
          p_kind: Database["ops"]["Enums"]["orphan_kind"];
          p_name: string;
          p_reason: string;
        };
        Returns: number;
      };
      record_phase: {
        Args: {
          p_attempt: number;
          p_phase: string;
          p_run_id: string;
          p_seconds: number;
        };
        Returns: undefined;
      };
      record_platform_backup: {
        Args: { p_taken_at: string };
        Returns: undefined;
      };
      record_poll_failure: {
        Args: { p_error: string; p_project_id: string };
        Returns: undefined;
      };
      record_promotion: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_git_sha: string;
          p_image_digest: string;
          p_keep_previous_until?: string;
          p_port: number;
          p_run_id: string;
          p_url: string;
        };
        Returns: {
          backup_id: string | null;
          created_at: string;
          database_name: string | null;
          decision_due_at: string | null;
          environment_id: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id: string;
          idempotency_key: string | null;
          image_digest: string;
          joined_requests: NonNullable<Json>;
          keep_previous_until: string | null;
          kept_at: string | null;
          kept_by: string | null;
          kept_reason: string | null;
          no_backup_reason: string | null;
          phases: NonNullable<Json>;
          previous_database_name: string | null;
          project_id: string;
          reason: string | null;
          release_id: string;
          requested_by: string;
          rollback_of: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          told_at: string | null;
          with_data: boolean;
        };
        SetofOptions: {
          from: "*";
          to: "deployments";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_promotion_failure: {
        Args: {
          p_attempt: number;
          p_is_of_platform?: boolean;
          p_reason: string;
          p_run_id: string;
        };
        Returns: string;
      };
      record_pull_comment: {
        Args: {
          p_api_url: string;
          p_branch: string;
          p_comment_id: number;
          p_project_id: string;
          p_pull_number: number;
          p_repository: string;
        };
        Returns: undefined;
      };
      record_rehearsal_end: {
        Args: {
          p_attempt: number;
          p_passed: boolean;
          p_run_id: string;
          p_summary: string;
        };
        Returns: {
          backup_id: string | null;
          environment_id: string;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          phases: NonNullable<Json>;
          project_id: string;
          release_id: string;
          run_id: string;
          shown_digest: string;
          started_at: string;
          summary: string;
        };
        SetofOptions: {
          from: "*";
          to: "rehearsals";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_rehearsal_start: {
        Args: { p_attempt: number; p_run_id: string };
        Returns: {
          backup_id: string | null;
          environment_id: string;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          phases: NonNullable<Json>;
          project_id: string;
          release_id: string;
          run_id: string;
          shown_digest: string;
          started_at: string;
          summary: string;
        };
        SetofOptions: {
          from: "*";
          to: "rehearsals";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_repository_rules: {
        Args: { p_attempt: number; p_rules: Json; p_run_id: string };
        Returns: boolean;
      };
      record_restore_end: {
        Args: {
          p_attempt: number;
          p_database_name?: string;
          p_error_message?: string;
          p_keep_previous_until?: string;
          p_previous_database_name?: string;
          p_report?: Json;
          p_run_id: string;
        };
        Returns: {
          attempt: number | null;
          backup_id: string;
          created_at: string;
          database_name: string | null;
          environment_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          keep_previous_until: string | null;
          masking_profile: string | null;
          previous_database_name: string | null;
          project_id: string;
          purpose: Database["ops"]["Enums"]["restore_purpose"];
          report: NonNullable<Json>;
          requested_by: string | null;
          run_id: string | null;
          started_at: string | null;
          status: Database["ops"]["Enums"]["restore_status"];
        };
        SetofOptions: {
          from: "*";
          to: "restores";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_restore_start: {
        Args: {
          p_attempt: number;
          p_backup_id?: string;
          p_purpose?: Database["ops"]["Enums"]["restore_purpose"];
          p_run_id: string;
        };
        Returns: {
          attempt: number | null;
          backup_id: string;
          created_at: string;
          database_name: string | null;
          environment_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          keep_previous_until: string | null;
          masking_profile: string | null;
          previous_database_name: string | null;
          project_id: string;
          purpose: Database["ops"]["Enums"]["restore_purpose"];
          report: NonNullable<Json>;
          requested_by: string | null;
          run_id: string | null;
          started_at: string | null;
          status: Database["ops"]["Enums"]["restore_status"];
        };
        SetofOptions: {
          from: "*";
          to: "restores";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_restore_swap: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_expires_at?: string;
          p_git_sha: string;
          p_image_digest: string;
          p_keep_previous_until?: string;
          p_port: number;
          p_report?: Json;
          p_run_id: string;
          p_url: string;
        };
        Returns: {
          attempt: number | null;
          backup_id: string;
          created_at: string;
          database_name: string | null;
          environment_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          keep_previous_until: string | null;
          masking_profile: string | null;
          previous_database_name: string | null;
          project_id: string;
          purpose: Database["ops"]["Enums"]["restore_purpose"];
          report: NonNullable<Json>;
          requested_by: string | null;
          run_id: string | null;
          started_at: string | null;
          status: Database["ops"]["Enums"]["restore_status"];
        };
        SetofOptions: {
          from: "*";
          to: "restores";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_retention: {
        Args: {
          p_attempt: number;
          p_planned_at: string;
          p_run_id: string;
          p_swept_at?: string;
        };
        Returns: undefined;
      };
      record_sealing_key: {
        Args: { p_gives_up?: boolean; p_public_key: string };
        Returns: undefined;
      };
      record_service: {
        Args: { p_attempt: number; p_run_id: string };
        Returns: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          is_pinned: boolean;
          last_used_at: string;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
          wakes_on_request: boolean;
        }[];
        SetofOptions: {
          from: "*";
          to: "environments";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      record_upgrade_preview: {
        Args: {
          p_attempt: number;
          p_downtime_seconds: number;
          p_engine: string;
          p_evidence_id: string;
          p_git_sha: string;
          p_image_digest: string;
          p_new_errors: number;
          p_new_warnings: number;
          p_report: Json;
          p_run_id: string;
          p_seconds: number;
          p_source_digest: string;
          p_source_series: string;
          p_summary: string;
          p_target_series: string;
          p_verdict: string;
        };
        Returns: {
          backup_id: string;
          created_at: string;
          downtime_seconds: number | null;
          engine: string;
          environment_id: string;
          evidence_id: string;
          git_sha: string;
          id: string;
          image_digest: string;
          new_errors: number;
          new_warnings: number;
          project_id: string;
          report: NonNullable<Json>;
          run_id: string;
          seconds: number;
          source_digest: string;
          source_series: string;
          summary: string;
          target_series: string;
          verdict: string;
        };
        SetofOptions: {
          from: "*";
          to: "upgrade_previews";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_webhook_secret: {
        Args: { p_project_id: string };
        Returns: string;
      };
      rehearse_release: {
        Args: { p_requested_by?: string; release_id: string };
        Returns: string;
      };
      release_backup_hold: {
        Args: { backup_id: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          mirror_url: string | null;
          mirrored_at: string | null;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      release_build: {
        Args: {
          p_requested_by?: string;
          p_run_id?: string;
          p_version?: string;
          project_id: string;
        };
        Returns: string;
      };
      remember_template: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_key: string;
          p_modules: string[];
          p_run_id: string;
          p_series: string;
          p_tests?: Json;
        };
        Returns: undefined;
      };
      remove_condemned_artifacts: {
        Args: { p_s3_urls: string[] };
        Returns: number;
      };
      remove_member: {
        Args: { p_project_id: string; p_user_id: string };
        Returns: boolean;
      };
      remove_notification_rule: { Args: { p_id: number }; Returns: undefined };
      remove_person_alias: { Args: { alias: string }; Returns: boolean };
      renew_claim: {
        Args: {
          p_attempt: number;
          p_dagster_run_id?: string;
          p_lease_seconds?: number;
          p_run_id: string;
        };
        Returns: undefined;
      };
      replace_orphans: {
        Args: { p_now?: string; p_orphans: Json };
        Returns: undefined;
      };
      request_exception: {
        Args: {
          expires_at: string;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          p_idempotency_key?: string;
          p_requested_by?: string;
          reason: string;
          release_id: string;
        };
        Returns: string;
      };
      requeue_expired_runs: {
        Args: { p_spare?: string[] };
        Returns: {
          outcome: Database["ops"]["Enums"]["run_status"];
          run_id: string;
        }[];
      };
      requeue_run: {
        Args: { p_attempt: number; p_reason: string; p_run_id: string };
        Returns: Database["ops"]["Enums"]["run_status"];
      };
      require_deployable: {
        Args: { p_attempt: number; p_database_name: string; p_run_id: string };
        Returns: undefined;
      };
      require_image: {
        Args: { p_attempt: number; p_build_digest: string; p_run_id: string };
        Returns: undefined;
      };
      require_unused_database: {
        Args: {
          p_attempt?: number;
          p_database_name: string;
          p_run_id?: string;
        };
        Returns: undefined;
      };
      resolve_incident: {
        Args: {
          incident_id: string;
          p_resolved_by?: string;
          resolution: string;
        };
        Returns: undefined;
      };
      restore_backup: {
        Args: {
          backup_id: string;
          p_config?: Json;
          p_idempotency_key?: string;
          p_masking_profile?: string;
          p_priority?: number;
          p_purpose?: Database["ops"]["Enums"]["restore_purpose"];
          p_requested_by?: string;
          p_trigger?: string;
          target_env: string;
        };
        Returns: string;
      };
      restore_project: {
        Args: { p_slug: string };
        Returns: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "projects";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      retry_messages: {
        Args: { p_channel?: string; p_project_id?: string };
        Returns: number;
      };
      retry_run: {
        Args: {
          p_idempotency_key?: string;
          p_requested_by?: string;
          p_run_id: string;
        };
        Returns: string;
      };
      revoke_event_key: {
        Args: { p_revoked_by?: string; prefix: string };
        Returns: boolean;
      };
      revoke_exception: {
        Args: { exception_id: string; p_revoked_by?: string };
        Returns: undefined;
      };
      revoke_member_key: { Args: { prefix: string }; Returns: boolean };
      revoke_person_key: {
        Args: { key_id: string; p_revoked_by?: string };
        Returns: boolean;
      };
      right_now: { Args: Record<PropertyKey, never>; Returns: string };
      roll_back_undecided: {
        Args: Record<PropertyKey, never>;
        Returns: string[];
      };
      rollback_deployment: {
        Args: {
          deployment_id: string;
          p_idempotency_key?: string;
          p_requested_by?: string;
          p_with_data?: boolean;
          reason: string;
        };
        Returns: string;
      };
      rotate_event_key: {
        Args: {
          expires_at: string;
          p_created_by?: string;
          p_overlap?: string;
          prefix: string;
        };
        Returns: {
          key: string;
          key_id: string;
        }[];
      };
      rotate_member_key: {
        Args: { expires_at: string; p_overlap?: string; prefix: string };
        Returns: {
          key: string;
          key_id: string;
        }[];
      };
      run_config_fields: {
        Args: Record<PropertyKey, never>;
        Returns: {
          field: string;
          json_type: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          permissions: string[];
        }[];
      };
      run_kinds: {
        Args: Record<PropertyKey, never>;
        Returns: {
          effect: string;
          is_carried_out: boolean;
          kind: Database["ops"]["Enums"]["run_kind"];
          stages: Database["ops"]["Enums"]["environment_stage"][];
        }[];
      };
      runs_ending_with: {
        Args: { p_ends: string[] };
        Returns: {
          ending: string;
          id: string;
        }[];
      };
      seal_content: {
        Args: { p_content: Json; p_prev_hash: string };
        Returns: string;
      };
      sealing_key: { Args: Record<PropertyKey, never>; Returns: string };
      search_run_logs: {
        Args: {
          p_before_id?: number;
          p_level?: Database["ops"]["Enums"]["log_level"];
          p_limit?: number;
          p_run_id: string;
          p_text: string;
        };
        Returns: {
          attempt: number;
          id: number;
          level: Database["ops"]["Enums"]["log_level"];
          message: string;
          metadata: Json;
          next_before_id: number;
          run_id: string;
          timestamp: string;
        }[];
      };
      seconds_of_phases: {
        Args: { p_phases: Json };
        Returns: {
          phase: string;
          seconds: number;
        }[];
      };
      see_as_member: {
        Args: {
          p_project_id: string;
          p_session_sha256: string;
          p_user_id: string;
        };
        Returns: undefined;
      };
      set_environment_status: {
        Args: {
          p_environment_id: string;
          p_status: Database["ops"]["Enums"]["environment_status"];
        };
        Returns: undefined;
      };
      set_environment_url: {
        Args: { p_environment_id: string; p_url: string };
        Returns: undefined;
      };
      set_member: {
        Args: {
          p_project_id: string;
          p_role: Database["ops"]["Enums"]["membership_role"];
          p_user_id: string;
        };
        Returns: {
          created_at: string;
          project_id: string;
          role: Database["ops"]["Enums"]["membership_role"];
          user_id: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "project_memberships";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      set_policy: {
        Args: {
          p_read?: Json;
          project_id: string;
          rules: Json;
          type: Database["ops"]["Enums"]["policy_type"];
        };
        Returns: Json;
      };
      set_project_forge: {
        Args: {
          p_api_url?: string;
          p_forge?: string;
          p_repository?: string;
          p_set_by?: string;
          p_slug: string;
          p_uses_app?: boolean;
        };
        Returns: string;
      };
      set_project_setting: {
        Args: {
          p_changed_by?: string;
          p_key: string;
          p_slug: string;
          p_value?: Json;
        };
        Returns: Json;
      };
      set_tool: {
        Args: {
          p_config?: Json;
          p_digest?: string;
          p_docker_image?: string;
          p_name: string;
          p_set_by?: string;
          p_version: string;
        };
        Returns: {
          config: NonNullable<Json>;
          created_at: string;
          digest: string | null;
          docker_image: string | null;
          id: string;
          name: string;
          set_at: string;
          set_by: string | null;
          version: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "tools";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      set_variable: {
        Args: {
          p_environment_id?: string;
          p_name: string;
          p_project_id: string;
          p_public_key: string;
          p_sealed: string;
          p_set_by?: string;
          p_stage?: Database["ops"]["Enums"]["environment_stage"];
        };
        Returns: {
          environment: string;
        }[];
      };
      set_workflow: {
        Args: {
          p_config?: Json;
          p_is_enabled?: boolean;
          p_name: string;
          p_set_by?: string;
          p_slug: string;
          p_workflow_type?: Database["ops"]["Enums"]["workflow_type"];
        };
        Returns: {
          config: NonNullable<Json>;
          created_at: string;
          id: string;
          is_enabled: boolean;
          name: string;
          project_id: string;
          set_at: string;
          set_by: string | null;
          workflow_type: Database["ops"]["Enums"]["workflow_type"];
        }[];
        SetofOptions: {
          from: "*";
          to: "workflows";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      settle_gates: { Args: Record<PropertyKey, never>; Returns: number };
      settle_restored_record: {
        Args: {
          p_backup_id: string;
          p_has_databases: boolean;
          p_taken_at: string;
        };
        Returns: {
          environments: number;
          messages: number;
          runs: number;
          sessions: number;
          stopped: number;
        }[];
      };
      shown_digest: {
        Args: { p_at?: string; release_id: string };
        Returns: string;
      };
      sign_in_invited: {
        Args: {
          p_email: string;
          p_issuer: string;
          p_session_sha256: string;
          p_subject: string;
        };
        Returns: undefined;
      };
      sign_off_gate: {
        Args: {
          decision: Database["ops"]["Enums"]["ops_decision_type"];
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          p_approver_id?: string;
          p_rationale?: Json;
          p_shown?: string;
          p_signature?: Json;
          p_source?: string;
          release_id: string;
        };
        Returns: string;
      };
      sign_out_of_console: {
        Args: { p_session_sha256: string };
        Returns: boolean;
      };
      start_promotion: {
        Args: { p_attempt: number; p_backup_id?: string; p_run_id: string };
        Returns: {
          backup_id: string | null;
          created_at: string;
          database_name: string | null;
          decision_due_at: string | null;
          environment_id: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id: string;
          idempotency_key: string | null;
          image_digest: string;
          joined_requests: NonNullable<Json>;
          keep_previous_until: string | null;
          kept_at: string | null;
          kept_by: string | null;
          kept_reason: string | null;
          no_backup_reason: string | null;
          phases: NonNullable<Json>;
          previous_database_name: string | null;
          project_id: string;
          reason: string | null;
          release_id: string;
          requested_by: string;
          rollback_of: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          told_at: string | null;
          with_data: boolean;
        };
        SetofOptions: {
          from: "*";
          to: "deployments";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      start_workflow_run: {
        Args: {
          p_attempt?: number;
          p_dagster_run_id?: string;
          p_lease_seconds?: number;
          p_run_id: string;
          p_worker_id: string;
        };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      stop_idle_environments: {
        Args: { p_now?: string; p_watched_since: string };
        Returns: string[];
      };
      stop_seeing_as: { Args: { p_session_sha256: string }; Returns: boolean };
      tell_health: {
        Args: {
          p_attempt: number;
          p_moment: string;
          p_passed: boolean;
          p_release_id: string;
          p_run_id: string;
          p_summary: string;
        };
        Returns: Json;
      };
      touch_template: {
        Args: { p_key: string };
        Returns: {
          built_by_run: string | null;
          created_at: string;
          database_name: string;
          key: string;
          last_used_at: string;
          modules: string[];
          series: string;
          tests: NonNullable<Json>;
        }[];
        SetofOptions: {
          from: "*";
          to: "database_templates";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      unset_variable: {
        Args: {
          p_environment_id?: string;
          p_name: string;
          p_project_id: string;
          p_stage?: Database["ops"]["Enums"]["environment_stage"];
          p_unset_by?: string;
        };
        Returns: {
          environment: string;
        }[];
      };
      use_console_link: {
        Args: { p_link_sha256: string; p_session_sha256: string };
        Returns: undefined;
      };
      usual_duration: {
        Args: {
          p_kind: Database["ops"]["Enums"]["run_kind"];
          p_project_id: string;
        };
        Returns: string;
      };
      verify_backup: {
        Args: {
          backup_id: string;
          p_idempotency_key?: string;
          p_requested_by?: string;
          p_trigger?: string;
        };
        Returns: string;
      };
      verify_chains: {
        Args: { p_anchor?: string; p_project_id?: string };
        Returns: {
          broken: string[];
          chain: string;
          links: number;
        }[];
      };
      verify_checkpoints: { Args: { p_anchor?: string }; Returns: boolean };
      verify_run_chain: { Args: { p_run_id: string }; Returns: boolean };
      visible_projects: { Args: Record<PropertyKey, never>; Returns: string[] };
      waits_for_go: { Args: { release_id: string }; Returns: boolean };
      wake_environments: {
        Args: { p_host_labels: string[] };
        Returns: string[];
      };
      watch_backup_freshness: { Args: { p_now: string }; Returns: string[] };
      watch_backup_mirrors: {
        Args: { p_mirror_url: string; p_now: string };
        Returns: string[];
      };
      watch_platform_backup: {
        Args: { p_every_hours: number; p_now: string };
        Returns: boolean;
      };
      withdraw_console_invitation: {
        Args: { p_email: string; p_withdrawn_by?: string };
        Returns: number;
      };
      withdraw_release: { Args: { release_id: string }; Returns: undefined };
      work_ahead: {
        Args: { p_poll_seconds: number };
        Returns: {
          has_runs: boolean;
          message_in_seconds: number;
          poll_in_seconds: number;
        }[];
      };
      worker_heartbeat: {
        Args: { p_kind: string; p_metadata?: Json; p_worker_id: string };
        Returns: undefined;
      };
      worker_to_wait_for: { Args: Record<PropertyKey, never>; Returns: string };
      workflow_config_fields: {
        Args: Record<PropertyKey, never>;
        Returns: {
          field: string;
          json_type: string;
          workflow_type: Database["ops"]["Enums"]["workflow_type"];
        }[];
      };
    };
    Enums: {
      advisory_kind:
        | "module_renamed"
        | "module_merged"
        | "module_removed"
        | "model_renamed"
        | "model_merged"
        | "model_moved"
        | "model_removed"
        | "field_removed"
        | "field_changed"
        | "field_moved"
        | "xml_id_removed"
        | "xml_id_moved"
        | "xml_id_changed"
        | "note";
      advisory_severity: "info" | "warning" | "critical";
      alias_kind: "email" | "subject" | "login" | "forge";
      backup_status:
        "pending" | "running" | "stored" | "verified" | "failed" | "dropped";
      check_status: "passed" | "failed" | "skipped";
      deployment_status: "pending" | "running" | "succeeded" | "failed";
      environment_stage: "development" | "staging" | "production";
      environment_status:
        | "pending"
        | "building"
        | "running"
        | "stopped"
        | "failed"
        | "destroyed"
        | "adopted";
      event_type: "state_change" | "error" | "warning" | "info";
      incident_severity: "minor" | "major" | "critical";
      incident_status: "open" | "resolved";
      log_level: "debug" | "info" | "warn" | "error";
      membership_role: "viewer" | "developer" | "admin" | "owner";
      message_status: "waiting" | "delivered" | "superseded" | "dead";
      ops_decision_type: "approved" | "rejected";
      ops_gate_code: "G1" | "G2" | "G3" | "G4";
      ops_gate_status:
        "pending" | "passed" | "failed" | "bypassed" | "inconclusive";
      ops_processing_status: "accepted" | "duplicate" | "rejected";
      ops_release_status:
        "candidate" | "staging" | "released" | "rolled_back" | "withdrawn";
      orphan_decision: "adopted" | "dropped";
      orphan_kind: "database" | "role" | "service" | "folder";
      policy_type:
        | "gates"
        | "promotion"
        | "ttl"
        | "backup"
        | "retention"
        | "clone"
        | "limits"
        | "preview"
        | "egress"
        | "images";
      project_status: "active" | "archived";
      restore_purpose: "restore" | "clone" | "drill" | "upgrade";
      restore_status: "pending" | "running" | "succeeded" | "failed";
      run_kind:
        | "build"
        | "test"
        | "deploy"
        | "backup"
        | "restore"
        | "clone"
        | "upgrade"
        | "drill"
        | "promote"
        | "destroy"
        | "verify"
        | "retention"
        | "compare"
        | "rehearse"
        | "stop"
        | "start";
      run_status:
        "queued" | "claimed" | "running" | "succeeded" | "failed" | "canceled";
      workflow_type: "build" | "test" | "deploy" | "backup" | "upgrade";
    };
    CompositeTypes: {
      expiry: {
        table_name: string | null;
        action: string | null;
        month: string | null;
        project_id: string | null;
        row_count: number | null;
        s3_urls: string[] | null;
        detail: string | null;
      };
      run_details: {
        id: string | null;
        project_id: string | null;
        project_slug: string | null;
        environment_id: string | null;
        partition_key: string | null;
        run_number: number | null;
        kind: Database["ops"]["Enums"]["run_kind"] | null;
        status: Database["ops"]["Enums"]["run_status"] | null;
        trigger: string | null;
        requested_by: string | null;
        git_ref: string | null;
        git_sha: string | null;
        priority: number | null;
        attempt: number | null;
        max_attempts: number | null;
        claimed_by: string | null;
        dagster_run_id: string | null;
        config: Json | null;
        exit_code: number | null;
        error_message: string | null;
        retry_of: string | null;
        created_at: string | null;
        claimed_at: string | null;
        started_at: string | null;
        finished_at: string | null;
        cancel_requested_at: string | null;
        lease_expires_at: string | null;
      };
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "ops">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R;
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] &
        DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] &
        DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R;
      }
      ? R
      : never
    : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema["Tables"] | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I;
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I;
      }
      ? I
      : never
    : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema["Tables"] | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U;
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U;
      }
      ? U
      : never
    : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    keyof DefaultSchema["Enums"] | { schema: keyof DatabaseWithoutInternals },
  EnumName extends (DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never) = never,
> = DefaultSchemaEnumNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
    : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends (PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never) = never,
> = PublicCompositeTypeNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
    : never;

export const Constants = {
  ops: {
    Enums: {
      advisory_kind: [
        "module_renamed",
        "module_merged",
        "module_removed",
        "model_renamed",
        "model_merged",
        "model_moved",
        "model_removed",
        "field_removed",
        "field_changed",
        "field_moved",
        "xml_id_removed",
        "xml_id_moved",
        "xml_id_changed",
        "note",
      ],
      advisory_severity: ["info", "warning", "critical"],
      alias_kind: ["email", "subject", "login", "forge"],
      backup_status: [
        "pending",
        "running",
        "stored",
        "verified",
        "failed",
        "dropped",
      ],
      check_status: ["passed", "failed", "skipped"],
      deployment_status: ["pending", "running", "succeeded", "failed"],
      environment_stage: ["development", "staging", "production"],
      environment_status: [
        "pending",
        "building",
        "running",
        "stopped",
        "failed",
        "destroyed",
        "adopted",
      ],
      event_type: ["state_change", "error", "warning", "info"],
      incident_severity: ["minor", "major", "critical"],
      incident_status: ["open", "resolved"],
      log_level: ["debug", "info", "warn", "error"],
      membership_role: ["viewer", "developer", "admin", "owner"],
      message_status: ["waiting", "delivered", "superseded", "dead"],
      ops_decision_type: ["approved", "rejected"],
      ops_gate_code: ["G1", "G2", "G3", "G4"],
      ops_gate_status: [
        "pending",
        "passed",
        "failed",
        "bypassed",
        "inconclusive",
      ],
      ops_processing_status: ["accepted", "duplicate", "rejected"],
      ops_release_status: [
        "candidate",
        "staging",
        "released",
        "rolled_back",
        "withdrawn",
      ],
      orphan_decision: ["adopted", "dropped"],
      orphan_kind: ["database", "role", "service", "folder"],
      policy_type: [
        "gates",
        "promotion",
        "ttl",
        "backup",
        "retention",
        "clone",
        "limits",
        "preview",
        "egress",
        "images",
      ],
      project_status: ["active", "archived"],
      restore_purpose: ["restore", "clone", "drill", "upgrade"],
      restore_status: ["pending", "running", "succeeded", "failed"],
      run_kind: [
        "build",
        "test",
        "deploy",
        "backup",
        "restore",
        "clone",
        "upgrade",
        "drill",
        "promote",
        "destroy",
        "verify",
        "retention",
        "compare",
        "rehearse",
        "stop",
        "start",
      ],
      run_status: [
        "queued",
        "claimed",
        "running",
        "succeeded",
        "failed",
        "canceled",
      ],
      workflow_type: ["build", "test", "deploy", "backup", "upgrade"],
    },
  },
} as const;
